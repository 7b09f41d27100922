import { describe, expect, test } from 'vitest'
import { privateSigns } from '../contract/finding-reasons.ts'
import { filesOf } from '../testing/package-files.ts'
import { createFindings } from './findings.ts'
import { findSecret } from './private-content.ts'
import { checkPrivateFiles, findPrivate } from './private-files.ts'

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const isPrivate = (path: string, text = 'x'): boolean => findPrivate({ path, bytes: bytesOf(text) }) !== undefined

const privatePaths = [
  ...['.env', '.env.local', '.env.production', 'prod.env', '.envrc', '.dev.vars', '.git-credentials'],
  ...['.aws/credentials', '.aws/config', '.azure/accessTokens.json', 'gcloud/application_default_credentials.json'],
  ...['.ssh/config', '.ssh/id_rsa', 'id_rsa', 'id_dsa', 'id_ecdsa', 'id_ed25519', 'id_ed25519_sk', 'id_rsa.bak'],
  ...[
    '.gnupg/secring.gpg',
    '.gnupg/private-keys-v1.d/a',
    'server.pem',
    'tls.key',
    'master.key',
    'putty.ppk',
    'AuthKey.p8',
  ],
  ...['cert.p12', 'cert.pfx', 'store.jks', 'debug.keystore', 'http.keytab', 'pass.kdbx', 'login.keychain-db'],
  ...[
    '.netrc',
    '_netrc',
    '.pypirc',
    '.docker/config.json',
    '.dockercfg',
    '.dockerconfigjson',
    '.htpasswd',
    '.htdigest',
  ],
  ...['.pgpass', '.my.cnf', 'wp-config.php', '.kube/config', 'kubeconfig', 'kubeconfig.yaml', 'dev.kubeconfig'],
  ...['terraform.tfstate', 'terraform.tfstate.backup', 'prod.auto.tfvars', 'terraform.tfvars', '.terraformrc'],
  ...['.vault-token', '.vault_pass', 'credentials', 'credentials.json', 'credentials.yml', 'client_secret_1.json'],
  ...['service-account.json', 'my-service_account.json', 'serviceAccountKey.json', 'x-firebase-adminsdk-1.json'],
  ...['secrets.yaml', 'secrets.json', 'secret.toml', 'secrets.production.yml', '.secrets', '.cargo/credentials.toml'],
  ...['.cargo/credentials', '.gem/credentials', '.m2/settings.xml', '.config/gh/hosts.yml', '.s3cfg', 'rclone.conf'],
  ...[
    'wallet.dat',
    'UTC--2016-01-01T00-00-00.0Z--ab',
    'dump.sql',
    'backup-2024.sql',
    'db.sql.gz',
    'prod.dump',
    'dump.rdb',
  ],
  ...['.bash_history', '.psql_history', 'trace.har', 'client.ovpn', 'local.settings.json', '.password-store/a.gpg'],
]

/** What editors, backups and a second download make of such files, and what stands deeper in such folders. */
const copiedPaths = [
  ...[
    '.env~',
    '.env copy',
    '.env copy 2',
    '.env (1)',
    'id_rsa~',
    'id_rsa copy',
    '.netrc.bak',
    '.pgpass.old',
    'a.kdbx.old',
  ],
  ...[
    'credentials.json.bak',
    'credentials (1).json',
    'credentials copy.json',
    'credentials - copy.json',
    'key.pem.orig',
  ],
  ...['terraform.tfvars.bak', '.git-credentials.save', '.htpasswd.bak2', 'wp-config.php.bak', 'wp-config.php.bak~'],
  ...['.kube/config.bak', '.kube/prod.yaml', '.config/gcloud/legacy_credentials/a/adc.json', '.composer/auth.json'],
  ...['containers/auth.json', 'logins.json', '.zhistory', '.Rhistory', '\uff0eenv'],
]

/** Ordinary files of packages, sources and templates, with names that resemble the others. */
const innocentPaths = [
  ...[
    'environment.ts',
    'environments/prod.ts',
    'env.d.ts',
    '.env.example',
    '.env.sample',
    '.env.template',
    '.env.tmpl',
  ],
  ...['.env-example', 'example.env', 'templates/.env.tera', '.env.md', 'keyboard.key.json', 'keys.ts', 'keyword.ttl'],
  ...[
    'key.ttl',
    'primary-key.sql',
    'monkey.txt',
    'turkey',
    'id_rsa.pub',
    'id_generator.rs',
    '.ssh.md',
    'ssh/config.ts',
  ],
  ...[
    'secrets.md',
    'secrets.rs',
    'secrets.ts',
    'secrets.ttl',
    'secret-santa.json',
    'secretary.yaml',
    'secrets.yaml.tmpl',
  ],
  ...[
    'credentials.ttl',
    'credentials.ts',
    'verifiable-credentials.json',
    'credentialing.yaml',
    'credential-schema.json',
  ],
  ...['passwords.ttl', 'password-reset.html', 'password.ts', 'vault.ttl', 'vault.rs', 'wallet.ttl', 'wallet.json'],
  ...['schema.sql', 'schema.sql.tera', 'migrations/001_init.sql', 'seed.sql', 'dumper.ts', 'dump.ts', 'backup.md'],
  ...['terraform/main.tf', 'terraform.md', 'variables.tf', 'tfvars.md', 'kube/config.ts', 'docker/config.json'],
  ...['config.json', 'hosts.yml', 'settings.xml', 'tokens.css', 'tokens.json', 'token.ts', 'auth.ts', 'history.md'],
  ...['service-accounting.json', 'service.json', 'account.json', 'npmrc.md', 'package-lock.json', 'Cargo.lock'],
  ...['certificate.ttl', 'keystore.ts', 'license.pem.md', 'queries/credentials.rq', 'har.ts', 'charge.har.ts'],
  ...['.env.example.bak', '.env.example~', 'id_rsa copy.pub', 'backup.bak', 'notes (1).md', 'main.rs~', 'auth.json'],
]

describe('names', () => {
  test.each([...privatePaths, ...copiedPaths])(
    '%s looks private, at any depth, in any case and with either slash',
    (path) => {
      expect(isPrivate(path)).toBe(true)
      expect(isPrivate(`kit/a/b/${path}`)).toBe(true)
      expect(isPrivate(`KIT/${path.toUpperCase()}`)).toBe(true)
      expect(isPrivate(`kit\\${path.replaceAll('/', '\\')}`)).toBe(true)
    },
  )

  test('of ordinary files are not reported', () => {
    expect(innocentPaths.filter((path) => isPrivate(path) || isPrivate(`kit/${path}`))).toEqual([])
  })

  test('of keys count unless the content is public', () => {
    const block = (what: string): string =>
      `-----BEGIN ${what}-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n-----END ${what}-----\n`
    expect(isPrivate('public.pem', block('PUBLIC KEY'))).toBe(false)
    expect(isPrivate('chain.pem', block('CERTIFICATE') + block('CERTIFICATE'))).toBe(false)
    expect(isPrivate('all.pem', block('CERTIFICATE') + block('PRIVATE KEY'))).toBe(true)
    expect(isPrivate('public.pem', 'no key at all')).toBe(true)
    expect(isPrivate('slides.key', 'PK\x03\x04')).toBe(false)
  })

  test('of registry settings count only with a token', () => {
    expect(isPrivate('.npmrc', `save-exact=true\n//registry/:_authToken=$\{NPM_TOKEN}\n`)).toBe(false)
    expect(isPrivate('.npmrc', '//registry/:_authToken=abcdef0123456789\n')).toBe(true)
    expect(isPrivate('.npmrc', '_auth = dXNlcjpwYXNzd29yZA==\n')).toBe(true)
    expect(isPrivate('.yarnrc.yml', 'npmAuthToken: "abcdef0123456789"\n')).toBe(true)
  })

  test('of cluster settings count with a token', () => {
    const settings = (token: string): string => `kind: Config\nusers:\n- name: a\n  user:\n    token: ${token}\n`
    expect(isPrivate('admin.conf', settings('abcdef0123456789'))).toBe(true)
    expect(isPrivate('admin.conf', settings('changeme'))).toBe(false)
  })

  test('of templates of such files count only where they are not templates', () => {
    expect(isPrivate('templates/secret.yaml', 'data:\n  key: {{ .Values.key }}\n')).toBe(false)
    expect(isPrivate('templates/secret.yaml', 'data:\n  key: aGVsbG8=\n')).toBe(true)
    expect(isPrivate('deploy/secret.yaml', 'data:\n  key: {{ .Values.key }}\n')).toBe(true)
    expect(isPrivate('templates/secret.yaml', '{{ x }}\nAKIAQWERTYUIOPASDFGH\n')).toBe(true)
  })
})

/** Assembled here, so that secret scanners do not report this file. */
const secrets: Record<string, string> = {
  'a private key': `-----BEGIN RSA ${'PRIVATE KEY'}-----\nMIIEowIBAAKCAQEA\n-----END RSA ${'PRIVATE KEY'}-----`,
  'a key with headers': `-----BEGIN EC ${'PRIVATE KEY'}-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,AB\n\nMIIEowIBAAKCAQEA\n`,
  'a key in JSON': `{"private_key": "-----BEGIN ${'PRIVATE KEY'}-----\\nMIIEvQIBADANBgkq\\n"}`,
  'an OpenSSH key': `-----BEGIN OPENSSH ${'PRIVATE KEY'}-----\r\nb3BlbnNzaC1rZXktdjEA\r\n`,
  'a PGP key': `-----BEGIN PGP ${'PRIVATE KEY BLOCK'}-----\n\nlQOYBF0000000000\n`,
  'a key of AWS': `key = AKIA${'QWERTYUIOPASDFGH'}`,
  'a secret key of AWS': `aws_secret_access_key = ${'wJalrXUtnFEMI/K7MDENG/bPxRfiCY0123456789'}`,
  'a token of GitHub': `ghp_${'a1'.repeat(18)}`,
  'a new token of GitHub': `github_pat_${'a1_'.repeat(20)}`,
  'a token of GitLab': `glpat-${'a1'.repeat(10)}`,
  'a token of npm': `npm_${'a1'.repeat(18)}`,
  'a token of Slack': `xoxb-${'1234567890-abcdefghij'}`,
  'a hook of Slack': `https://hooks.slack.com/services/T0000000/B0000000/${'a1'.repeat(12)}`,
  'a key of Stripe': `sk_live_${'a1'.repeat(12)}`,
  'a key of Google': `AIza${'a1B-_'.repeat(7)}`,
  'a token of Vault': `hvs.${'a1'.repeat(12)}`,
  'a signed token': `Bearer eyJ${'hbGciOiJIUzI1NiJ9'}.eyJ${'zdWIiOiIxMjM0NTY3ODkwIn0'}.dBjftJeZ4CVPmB92K27uhbUJU1p1r`,
  'an address with a password': 'url = https://user:EXAMPLE-TOKEN@git.example/x.git',
  'a database with a password': 'DATABASE_URL=postgres://app:h7Gk29xx@db.example.com/app',
  'a key of Azure': `DefaultEndpointsProtocol=https;AccountKey=${'a1B2'.repeat(20)}==`,
  'a kubeconfig': `    client-key-data: ${'TUlJRW93SUJBQUtDQVFFQQ'}`,
  'a key in a notebook': `"key = \\"-----BEGIN ${'PRIVATE KEY'}-----\\\\nMIIEvQIBADANBgkq\\\\n-----END"`,
  'a key in JSON in JSON': JSON.stringify(JSON.stringify(`-----BEGIN ${'PRIVATE KEY'}-----\nMIIEvQIBADANBgkq\n`)),
  'a key on one line': `KEY="-----BEGIN ${'PRIVATE KEY'}----- ${'MIIEvQIB'.repeat(8)} -----END"`,
  'a key in a comment': `# -----BEGIN ${'PRIVATE KEY'}-----\n# MIIEvQIBADANBgkq\n`,
  'a key in Base64': `tls.key: ${btoa(`-----BEGIN RSA ${'PRIVATE KEY'}-----\nMIIEvQIBADANBgkqhkiG\n`)}`,
  'a key in JWK': `{"kty": "OKP", "crv": "Ed25519", "d": "${'nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A'}"}`,
  'a secret key of AWS by another name': `"SecretAccessKey": "${'wJalrXUtnFEMI/K7MDENG/bPxRfiCY0123456789'}"`,
  'a registry of containers': '{"auths": {"registry.example": {"auth": "dXNlcjpodW50ZXIyMg=="}}}',
  'a registry of PHP packages': '{"http-basic": {"repo.example": {"username": "u", "password": "h7Gk29xx"}}}',
  'a header of Git': 'extraheader = AUTHORIZATION: basic eC1hY2Nlc3MtdG9rZW46aDdHazI5eHg=',
  'a password of a host': 'machine git.example\n  login me\n  password h7Gk29xx\n',
  'a dump': '-- PostgreSQL database dump\n\nCOPY public.users (id, email) FROM stdin;\n1\ta@b.c\n',
}

const innocentTexts: Record<string, string> = {
  'a begin without a key': 'if (text.startsWith("-----BEGIN PRIVATE KEY-----")) return',
  'a key to be filled in': '-----BEGIN PRIVATE KEY-----\n{{ key }}\n-----END PRIVATE KEY-----',
  'a key cut short': '-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----',
  'a public key': '-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8A\n',
  'an address of a machine’s own service': 'postgres://app:h7Gk29xx@localhost:5432/app',
  'an address to be filled in': `https://user:$\{TOKEN}@example.com and https://{{user}}:{{password}}@example.com`,
  'an address with a word for a password': 'amqp://user:password@mq.example.com redis://:secret@cache.example.com',
  'a certificate in Base64': `tls.crt: ${btoa('-----BEGIN CERTIFICATE-----\nMIIEvQIBADANBgkqhkiGMIIEvQIB\n')}`,
  'a public key in JWK': '{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}',
  'a begin in a comment': '# -----BEGIN PRIVATE KEY-----\n# ...\n',
  'a machine in prose': 'machine learning login page password reset\nmachine a login b password <password>\n',
  'a settings map with a token': 'kind: Config\nusers:\n- user:\n    token: {{ token }}\n',
  'a path with an at sign': 'https://example.com/@scope/name:latest@1.0.0 npm:@scope/pkg@1.0.0 git@github.com:a/b.git',
  'a prefix of a token': 'tokens begin with ghp_, sk_live_, xoxb-, AKIA or eyJ',
  'a hash': 'sha256-47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU= 0123456789abcdef0123456789abcdef01234567',
  'a schema': '-- PostgreSQL database dump\nCREATE TABLE users (id int);\n',
  'a word that is not a token': 'risk-free sk-learn task-based desk-1 glpatterns npm_config_registry npm_package_name',
}

describe('contents', () => {
  test.each(Object.entries(secrets))('%s is found at any position and not repeated', (_, secret) => {
    expect(findSecret(bytesOf(`first\n\n${secret}\nlast\n`))?.line).toBe(3)
    expect(privateSigns).toContain(findSecret(bytesOf(secret))?.sign)
    expect(isPrivate('src/main.rs', secret)).toBe(true)
    expect(isPrivate('templates/main.rs.tmpl', secret)).toBe(true)
  })

  test.each(Object.entries(innocentTexts))('%s is not reported', (_, text) => {
    expect(findSecret(bytesOf(text))).toBeUndefined()
  })

  test('in UTF-16, as PowerShell writes it, are read too; binary files are not', () => {
    const token = `ghp_${'a1'.repeat(18)}`
    const utf16 = Uint8Array.from([0xff, 0xfe, ...[...token].flatMap((each) => [each.charCodeAt(0), 0])])
    expect(findSecret(utf16)).toBeDefined()
    for (const first of [1, 0]) {
      const unmarked = Uint8Array.from(
        [...token].flatMap((each) => (first === 1 ? [each.charCodeAt(0), 0] : [0, each.charCodeAt(0)])),
      )
      expect(findSecret(unmarked)).toBeDefined()
    }
    expect(findSecret(bytesOf(`\0${token}`))).toBeUndefined()
    expect(findSecret(bytesOf(`\0\0${token}`))).toBeUndefined()
  })

  test('are scanned up to a limit, so the cost of a file is bounded', () => {
    const token = `ghp_${'a1'.repeat(18)}`
    const filler = 'a line of text\n'.repeat(600_000)
    expect(findSecret(bytesOf(`${token}\n${filler}`))).toBeDefined()
    expect(findSecret(bytesOf(`${filler.slice(0, 8_000_000)}\n${token}`))).toBeDefined()
    expect(findSecret(bytesOf(`${filler}${token}`))).toBeUndefined()
  })

  test('of hostile files take linear time', () => {
    const beginnings = [
      ...[
        'eyJ',
        'eyJ-',
        'eyJa.eyJ',
        'a://',
        'a://b:',
        'a://b:c',
        '-----BEGIN ',
        '-----BEGIN PRIVATE KEY-----\n',
        'ghp_',
      ],
      ...['npm_', 'AKIA', 'aws_secret_key ', 'hooks.slack.com/services/TA', 'COPY a ', 'SG.', '_auth=', '{{', 'xoxb-'],
      ...['-- PostgreSQL database dump\n', `"ciphertext": "${'0a'.repeat(16)}" `, 'client-key-data: ', 'AccountKey='],
      ...[
        'LS0tLS1CRUdJTi',
        '"kty":"d":"',
        '"auths""auth":"',
        '"http-basic""password":"',
        'machine a login b\n',
        'machine a\n',
      ],
      ...['extraheader=authorization:basic ', 'kind: Config\n token:', ' token: ', '-----BEGIN PRIVATE KEY----- a'],
    ]
    // A pattern with superlinear cost would run for minutes on one of these.
    const texts = beginnings.map((part) => bytesOf(part.repeat(Math.ceil((512 * 1024) / part.length))))
    expect(texts.map(findSecret)).toHaveLength(beginnings.length)
  })
})

test('each private file has one finding with its place and reason', () => {
  const files = filesOf({ 'a/.env': 'A=1', 'b.txt': `x\nghp_${'a1'.repeat(18)}` })
  expect(files.map(findPrivate)).toEqual([{ sign: 'environment-settings' }, { sign: 'github-token', line: 2 }])
})

test('a finding names its file in full, so that two with the same beginning can be told apart', () => {
  const folder = 'a-folder-with-a-long-name/'.repeat(5)
  const findings = createFindings()
  checkPrivateFiles(filesOf({ [`${folder}one.pem`]: 'x', [`${folder}two.pem`]: 'x' }), new Set(), findings)
  expect(findings.list()).toMatchObject([
    { reason: { path: `${folder}one.pem` } },
    { reason: { path: `${folder}two.pem` } },
  ])
})
