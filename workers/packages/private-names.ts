import type { PrivateSign } from '../contract/finding-reasons.ts'

/**
 * Detects files that are likely private by their path alone.
 *
 * A name proves nothing, so a person may confirm the file. To limit false alarms, examples and templates, source files
 * and public keys do not count. Names match in any case, at any depth, with slashes or backslashes.
 */

/** Why a file of this path is likely private; undefined when its name says nothing. */
export const privateName = (path: string): PrivateSign | undefined => {
  const segments = path.normalize('NFKC').toLowerCase().split(/[/\\]/)
  const name = segments.pop() ?? ''
  const original = originalName(name)
  if (isExample(name) || isExample(original)) return undefined
  const folders = segments.map((folder) => `${folder}/`).join('')
  const found = folderRules.find(({ is }) => is.test(folders))?.sign
  return found ?? signOfName(segments.at(-1), name) ?? signOfName(segments.at(-1), original)
}

const signOfName = (folder: string | undefined, name: string): PrivateSign | undefined => {
  const lastTwo = folder === undefined ? name : `${folder}/${name}`
  return pathRules.find(({ is }) => is.test(lastTwo))?.sign ?? nameRules.find(({ is }) => is.test(name))?.sign
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
  readonly sign: PrivateSign
  readonly is: RegExp
}

/** Match the parent folders, each with its slash. */
const folderRules: readonly Rule[] = [
  { sign: 'ssh-folder', is: /(?:^|\/)\.ssh\// },
  { sign: 'gnupg-folder', is: /(?:^|\/)\.gnupg\// },
  {
    sign: 'cloud-folder',
    is: /(?:^|\/)(?:\.aws|\.azure|\.gcloud|\.config\/gcloud|\.oci|\.aliyun|\.bluemix|\.cloudflared)\//,
  },
  { sign: 'password-store-folder', is: /(?:^|\/)\.password-store\// },
  { sign: 'secrets-folder', is: /(?:^|\/)\.secrets?\// },
]

/** Match the last folder and the name. */
const pathRules: readonly Rule[] = [
  { sign: 'container-registry-credentials', is: /^(?:\.docker\/config|containers\/auth)\.json$/ },
  { sign: 'cluster-credentials', is: /^\.kube\/(?:config(?:[._-].+)?|.+\.ya?ml)$/ },
  { sign: 'registry-credentials', is: /^(?:\.cargo|\.gem)\/credentials(?:\.toml)?$/ },
  { sign: 'registry-credentials', is: /^\.?composer\/auth\.json$/ },
  { sign: 'registry-credentials', is: /^\.m2\/settings(?:-security)?\.xml$/ },
  { sign: 'code-host-credentials', is: /^(?:gh|glab-cli)\/(?:hosts|config)\.ya?ml$|^\.?config\/hub$/ },
  { sign: 'cloud-credentials', is: /^gcloud\/.+\.(?:json|db)$|^doctl\/config\.ya?ml$|^\.huggingface\/token$/ },
  { sign: 'cloud-credentials', is: /^(?:\.terraform\.d|\.pulumi|\.kaggle)\/.+\.json$/ },
  { sign: 'system-passwords', is: /^etc\/(?:shadow|gshadow)$/ },
]

const nameRules: readonly Rule[] = [
  { sign: 'environment-settings', is: /^\.env(?:[._-].*|rc)?$|^.+\.env$|^\.dev\.vars$/ },
  { sign: 'private-key-name', is: /^id_(?:rsa|dsa|ecdsa|ed25519)(?:_sk)?(?:[._-].*)?$/ },
  { sign: 'key-file-name', is: /^.+\.(?:pem|key|ppk|p8|agekey)$|^secring\.gpg$/ },
  { sign: 'key-store', is: /^.+\.(?:p12|pfx|pkcs12|jks|jceks|bks|keystore|keytab)$/ },
  {
    sign: 'password-store',
    is: /^.+\.(?:kdbx?|psafe3|keychain(?:-db)?|agilekeychain|1pux)$|^key4\.db$|^logins\.json$|^login data$/,
  },
  { sign: 'git-credentials', is: /^\.git-credentials$/ },
  { sign: 'host-passwords', is: /^[._]netrc$|^\.(?:ftp|sftp)(?:config|pass)(?:\.json)?$/ },
  { sign: 'registry-credentials', is: /^\.pypirc$|^nuget\.config\.user$/ },
  { sign: 'container-registry-credentials', is: /^\.docker(?:cfg|configjson)$/ },
  { sign: 'web-server-passwords', is: /^\.ht(?:passwd|digest)$/ },
  { sign: 'database-passwords', is: /^\.?pgpass(?:\.conf)?$|^\.(?:my|mylogin)\.cnf$|^wp-config\.php$/ },
  { sign: 'cluster-credentials', is: /^kubeconfig(?:[._-].*)?$|^.+\.kubeconfig$|^kube\.config$/ },
  { sign: 'terraform-state', is: /^.+\.tfstate(?:\..+)?$|^\.terraformrc$|^terraform\.rc$/ },
  { sign: 'terraform-variables', is: /^(?:.*\.)?tfvars(?:\.json)?$/ },
  { sign: 'vault-secret', is: /^\.vault[-_](?:token|pass(?:word)?)(?:\..+)?$|^\.?vault[-_]pass(?:word)?(?:\.txt)?$/ },
  {
    sign: 'cloud-credentials',
    is: /^(?:\.s3cfg|\.boto|\.?rclone\.conf|\.databrickscfg|kaggle\.json|local\.settings\.json)$/,
  },
  {
    sign: 'cloud-credentials',
    is: /^(?:application_default_credentials|client_secret.*|.*service[-_]?account(?!ing).*|.*firebase-adminsdk.*)\.json$/,
  },
  {
    sign: 'credentials-name',
    is: /^\.?(?:(?:api|app|aws|azure|db|docker|gcp|git|google|my|npm|prod|production|user)[._-])?credentials?(?:\.(?:json5?|ya?ml|toml|ini|env|properties|xml|txt|csv|conf|cfg|db))?$/,
  },
  {
    sign: 'secrets-name',
    is: /^\.?secrets?(?:\.[a-z0-9_-]+)?\.(?:json5?|ya?ml|toml|ini|properties|xml|txt|csv|conf|cfg|plist)$|^\.?secrets?$/,
  },
  { sign: 'passwords-name', is: /^\.?passwords?(?:\.(?:txt|csv|xlsx?|ods|docx?))?$|^\.passwd$/ },
  { sign: 'vpn-configuration', is: /^.+\.ovpn$|^wg\d+\.conf$/ },
  { sign: 'wallet', is: /^wallet\.dat$|^.+\.wallet$|^utc--\d{4}-.+$|^(?:seed[-_]?phrase|mnemonic)(?:\.txt)?$/ },
  {
    sign: 'database-dump',
    is: /^.+\.(?:dump|pgdump|rdb)$|^.+\.sql\.(?:gz|bz2|xz|zst|zip)$|^(?:.*[._-])?(?:dump|backup)(?:[._-].*)?\.sql$/,
  },
  {
    sign: 'console-history',
    is: /^\.(?:bash|zsh|sh|fish|psql|mysql|sqlite|python|node_repl|irb|rediscli|r)_?history$|^\.zhistory$|^\.viminfo$|^\.lesshst$/,
  },
  { sign: 'browser-traffic', is: /^.+\.har$|^cookies\.(?:sqlite|txt)$/ },
]
