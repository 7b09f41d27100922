/**
 * Detects files that are likely private by their path alone.
 *
 * A name proves nothing, so a person may confirm the file. To limit false alarms, examples and templates, source files
 * and public keys do not count. Names match in any case, at any depth, with slashes or backslashes.
 */

/** Why a file of this path is likely private, as the end of a sentence; undefined when its name says nothing. */
export const privateName = (path: string): string | undefined => {
  const segments = path.normalize('NFKC').toLowerCase().split(/[/\\]/)
  const name = segments.pop() ?? ''
  const original = originalName(name)
  if (isExample(name) || isExample(original)) return undefined
  const folders = segments.map((folder) => `${folder}/`).join('')
  const found = folderRules.find(({ is }) => is.test(folders))?.reason
  return found ?? reasonOfName(segments.at(-1), name) ?? reasonOfName(segments.at(-1), original)
}

const reasonOfName = (folder: string | undefined, name: string): string | undefined => {
  const lastTwo = folder === undefined ? name : `${folder}/${name}`
  return pathRules.find(({ is }) => is.test(lastTwo))?.reason ?? nameRules.find(({ is }) => is.test(name))?.reason
}

/** Returns the original name of a backup or copy: `.env~`, `.netrc.bak`, `credentials (1).json`, `id_rsa copy`. */
const originalName = (name: string): string =>
  name
    .trim()
    .replace(/(?: ?- ?copy| copy)?(?: \d{1,3}| ?\(\d{1,3}\))?(?=(?:\.[a-z0-9]{1,12}){0,2}$)/, '')
    .replace(/(?:~|[._-](?:bak|backup|old|orig|original|save|saved|copy|tmp)\d{0,3})+$/, '')

/** Returns whether a path is in a folder of templates, where values are filled in later. */
export const isInTemplates = (path: string): boolean => /(?:^|[/\\])templates?[/\\]/i.test(path)

/** Returns whether the content of a file with this name may prove that it is public. */
export const mayBePublic = (path: string): boolean => /\.(?:pem|key|asc)$/i.test(path)

/** Matches stand-ins for the real file: `.env.example`, `secrets.yaml.tmpl`, `id_rsa.pub`. */
const isExample = (name: string): boolean =>
  /(?:^|[._-])(?:example|sample|template|dist|defaults|schema)(?:[._-]|$)/.test(name) ||
  /\.(?:tmpl|tera|tpl|j2|jinja2?|hbs|ejs|mustache|liquid|erb|njk|md|markdown|rst|adoc|ttl|rq|sparql|pub|d\.ts)$/.test(
    name,
  )

interface Rule {
  readonly reason: string
  readonly is: RegExp
}

/** Match the parent folders, each with its slash. */
const folderRules: readonly Rule[] = [
  { reason: 'it is from a folder of SSH keys', is: /(?:^|\/)\.ssh\// },
  { reason: 'it is from a folder of GnuPG keys', is: /(?:^|\/)\.gnupg\// },
  {
    reason: 'it is from a folder of cloud credentials',
    is: /(?:^|\/)(?:\.aws|\.azure|\.gcloud|\.config\/gcloud|\.oci|\.aliyun|\.bluemix|\.cloudflared)\//,
  },
  { reason: 'it is from a password store', is: /(?:^|\/)\.password-store\// },
  { reason: 'it is from a folder of secrets', is: /(?:^|\/)\.secrets?\// },
]

/** Match the last folder and the name. */
const pathRules: readonly Rule[] = [
  { reason: 'it holds the credentials of a container registry', is: /^(?:\.docker\/config|containers\/auth)\.json$/ },
  { reason: 'it holds the credentials of a cluster', is: /^\.kube\/(?:config(?:[._-].+)?|.+\.ya?ml)$/ },
  { reason: 'it holds the credentials of a package registry', is: /^(?:\.cargo|\.gem)\/credentials(?:\.toml)?$/ },
  { reason: 'it holds the credentials of a package registry', is: /^\.?composer\/auth\.json$/ },
  { reason: 'it holds the credentials of a package registry', is: /^\.m2\/settings(?:-security)?\.xml$/ },
  {
    reason: 'it holds the credentials of a code host',
    is: /^(?:gh|glab-cli)\/(?:hosts|config)\.ya?ml$|^\.?config\/hub$/,
  },
  {
    reason: 'it holds cloud credentials',
    is: /^gcloud\/.+\.(?:json|db)$|^doctl\/config\.ya?ml$|^\.huggingface\/token$/,
  },
  { reason: 'it holds cloud credentials', is: /^(?:\.terraform\.d|\.pulumi|\.kaggle)\/.+\.json$/ },
  { reason: 'it is a system’s password file', is: /^etc\/(?:shadow|gshadow)$/ },
]

const nameRules: readonly Rule[] = [
  {
    reason: 'it holds settings of an environment, which often are secret',
    is: /^\.env(?:[._-].*|rc)?$|^.+\.env$|^\.dev\.vars$/,
  },
  { reason: 'it has the name of a private key', is: /^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?(?:[._-].*)?$/ },
  { reason: 'it has the name of a key or certificate file', is: /^.+\.(?:pem|key|ppk|p8|agekey)$|^secring\.gpg$/ },
  { reason: 'it is a store of keys', is: /^.+\.(?:p12|pfx|pkcs12|jks|jceks|bks|keystore|keytab)$/ },
  {
    reason: 'it is a store of passwords',
    is: /^.+\.(?:kdbx?|psafe3|keychain(?:-db)?|agilekeychain|1pux)$|^key4\.db$|^logins\.json$|^login data$/,
  },
  { reason: 'it holds the credentials of Git', is: /^\.git-credentials$/ },
  { reason: 'it holds passwords of hosts', is: /^[._]netrc$|^\.(?:ftp|sftp)(?:config|pass)(?:\.json)?$/ },
  { reason: 'it holds the credentials of a package registry', is: /^\.pypirc$|^nuget\.config\.user$/ },
  { reason: 'it holds the credentials of a container registry', is: /^\.docker(?:cfg|configjson)$/ },
  { reason: 'it holds passwords of a web server', is: /^\.ht(?:passwd|digest)$/ },
  { reason: 'it holds passwords of a database', is: /^\.?pgpass(?:\.conf)?$|^\.(?:my|mylogin)\.cnf$|^wp-config\.php$/ },
  { reason: 'it holds the credentials of a cluster', is: /^kubeconfig(?:[._-].*)?$|^.+\.kubeconfig$|^kube\.config$/ },
  {
    reason: 'it holds the state of Terraform, with all secrets in it',
    is: /^.+\.tfstate(?:\..+)?$|^\.terraformrc$|^terraform\.rc$/,
  },
  { reason: 'it holds variables of Terraform, which often are secret', is: /^(?:.*\.)?tfvars(?:\.json)?$/ },
  {
    reason: 'it holds a token or password of Vault',
    is: /^\.vault[-_](?:token|pass(?:word)?)(?:\..+)?$|^\.?vault[-_]pass(?:word)?(?:\.txt)?$/,
  },
  {
    reason: 'it holds cloud credentials',
    is: /^(?:\.s3cfg|\.boto|\.?rclone\.conf|\.databrickscfg|kaggle\.json|local\.settings\.json)$/,
  },
  {
    reason: 'it holds cloud credentials',
    is: /^(?:application_default_credentials|client_secret.*|.*service[-_]?account(?!ing).*|.*firebase-adminsdk.*)\.json$/,
  },
  {
    reason: 'it has the name of a file of credentials',
    is: /^\.?(?:(?:api|app|aws|azure|db|docker|gcp|git|google|my|npm|prod|production|user)[._-])?credentials?(?:\.(?:json5?|ya?ml|toml|ini|env|properties|xml|txt|csv|conf|cfg|db))?$/,
  },
  {
    reason: 'it has the name of a file of secrets',
    is: /^\.?secrets?(?:\.[a-z0-9_-]+)?\.(?:json5?|ya?ml|toml|ini|properties|xml|txt|csv|conf|cfg|plist)$|^\.?secrets?$/,
  },
  {
    reason: 'it has the name of a file of passwords',
    is: /^\.?passwords?(?:\.(?:txt|csv|xlsx?|ods|docx?))?$|^\.passwd$/,
  },
  { reason: 'it is the configuration of a private network', is: /^.+\.ovpn$|^wg\d+\.conf$/ },
  {
    reason: 'it is a wallet',
    is: /^wallet\.dat$|^.+\.wallet$|^utc--\d{4}-.+$|^(?:seed[-_]?phrase|mnemonic)(?:\.txt)?$/,
  },
  {
    reason: 'it is a dump of a database',
    is: /^.+\.(?:dump|pgdump|rdb)$|^.+\.sql\.(?:gz|bz2|xz|zst|zip)$|^(?:.*[._-])?(?:dump|backup)(?:[._-].*)?\.sql$/,
  },
  {
    reason: 'it is the history of a shell or a database console',
    is: /^\.(?:bash|zsh|sh|fish|psql|mysql|sqlite|python|node_repl|irb|rediscli|r)_?history$|^\.zhistory$|^\.viminfo$|^\.lesshst$/,
  },
  { reason: 'it records the traffic of a browser, with its cookies', is: /^.+\.har$|^cookies\.(?:sqlite|txt)$/ },
]
