import type { Ecosystem } from './declared.ts'

/**
 * Well-known libraries by ecosystem. A dependency table with a majority of these belongs to that ecosystem. A missing
 * name does little harm: its neighbours decide, and otherwise it is shown as unknown.
 */
export const libraryEcosystems = (name: string): Ecosystem[] =>
  ecosystems.filter((ecosystem) => librariesByEcosystem[ecosystem].has(name))

const words = (text: string): ReadonlySet<string> => new Set(text.split(/\s+/))

const ecosystems = ['crate', 'npm', 'python'] as const

const librariesByEcosystem: Record<(typeof ecosystems)[number], ReadonlySet<string>> = {
  crate: words(
    `actix-web anyhow arc-swap assert_cmd async-graphql async-stream async-trait axum base64 bincode bitflags blake3 bon
    bytes cargo_metadata chrono clap clap_complete colored config console criterion crossbeam crossterm csv dashmap
    derive_more diesel dirs ed25519-dalek either env_logger eyre fake flate2 futures futures-util git2 glob h2 handlebars
    heck hex hmac http humantime hyper indexmap indicatif indoc insta itertools jsonschema jsonwebtoken lazy_static
    lettre libc lru lru-cache log mime minijinja miette mockall mockito moka nalgebra ndarray nom notify num num-traits
    num_cpus once_cell opentelemetry opentelemetry-otlp ordered-float owo-colors oxigraph oxrdf oxttl parking_lot
    petgraph pin-project pretty_assertions prettyplease prometheus proc-macro2 proptest prost quick-xml quickcheck quote
    rand rayon regex reqwest ring rocksdb rstest rusqlite rust_decimal rustls sea-orm semver serde serde_derive
    serde_json serde_yaml serial_test sha2 shacl_validation sled smallvec spargebra sqlx strum strum_macros syn sysinfo
    tar tempfile tera test-case testcontainers thiserror time tiny_http tokio tokio-stream tokio-test tokio-util toml
    toml_edit tonic tower tower-http tracing tracing-opentelemetry tracing-subscriber tungstenite unicode-segmentation
    ureq url urlencoding utoipa uuid validator walkdir warp wasm-bindgen which wiremock zeroize zip`,
  ),
  npm: words(
    `@types/node @types/react apollo-server autoprefixer axios body-parser chai chalk class-validator class-variance-authority
    clsx commander concurrently cors date-fns dayjs dataloader dotenv drizzle-orm esbuild eslint eslint-config-next
    express fastify framer-motion graphql graphql-subscriptions graphql-ws handlebars helmet husky inquirer jest jose
    jsonwebtoken lint-staged lodash lucide-react mocha moment mongoose morgan n3 nanoid next next-auth nodemailer nodemon
    pg pino playwright postcss prettier prisma rdflib react react-dom react-hook-form react-router react-router-dom
    recharts redis reflect-metadata rimraf rollup rxjs sequelize socket.io sparqljs supertest svelte swr tailwind-merge
    tailwindcss ts-jest ts-node tsup tsx turbo type-graphql typeorm typescript undici uuid vite vitest vue webpack winston
    ws yargs zod zustand`,
  ),
  python: words(
    `aiohttp alembic anyio asyncpg attrs bcrypt beautifulsoup4 black boto3 celery click coverage cryptography dataclasses-json
    django faker fastapi fastmcp flake8 flask graphene gunicorn httpx hypothesis isort jinja2 langchain lxml matplotlib
    mypy networkx numpy openai openpyxl owlrl pandas pillow plotly poetry polars pre-commit psycopg psycopg2
    psycopg2-binary pydantic pydantic-settings pyjwt pylint pyshacl pytest pytest-asyncio pytest-cov python-dateutil
    python-dotenv python-jose python-multipart pytz pyyaml rdflib requests rich ruff scikit-learn scipy seaborn
    sparqlwrapper sqlalchemy starlette strawberry-graphql streamlit tenacity tensorflow torch tox tqdm transformers typer
    uvicorn uvloop virtualenv`,
  ),
}
