import { z } from 'zod';

/** One setting: where its text comes from, what it may be, and how it is told to a person. */
export interface OptionSpec {
  /** The environment variable; null for a mere command-line option. */
  readonly env: string | null;
  /** The command-line option, which wins over the environment; null when there is none. */
  readonly flag: `--${string}` | null;
  /** Whether the flag takes a value. A switch that has an environment variable can be turned off by `--no-…`. */
  readonly kind: 'value' | 'switch';
  /** From the text to the value; its message says what is allowed and goes on from the refused value. */
  readonly schema: z.ZodType<unknown, string>;
  /** What holds when it is not given, as text for a person. */
  readonly default: string;
  readonly unit: string;
  readonly meaning: string;
  /** Its value is never shown. */
  readonly isSecret?: boolean;
}

function wholeNumber(smallest: number, largest: number) {
  const error = `is not a whole number from ${smallest} to ${largest}`;
  return z.string().regex(/^\d+$/, error).transform(Number).pipe(z.int(error).min(smallest, error).max(largest, error));
}

const url = z.url({ protocol: /^https?$/, error: 'is not an http or https address, such as http://localhost:8081' });

const redisUrl = z.url({
  protocol: /^rediss?$/,
  error: 'is not an address of Redis, such as redis://localhost:6379 or rediss://user:password@host:6380',
});

const truths: ReadonlyMap<string, boolean> = new Map(
  ['true', 'on', 'yes', '1']
    .map((word): [string, boolean] => [word, true])
    .concat(['false', 'off', 'no', '0'].map((word) => [word, false])),
);

const flag = z
  .string()
  .refine((text) => truths.has(text.toLowerCase()), 'is neither true nor false')
  .transform((text) => truths.get(text.toLowerCase()) === true);

const brokers = z
  .string()
  .refine(
    (list) => list.split(',').every((entry) => /^(\[[^\]\s]+\]|[^\s:,[\]]+):[1-9]\d{0,4}$/.test(entry.trim())),
    'is not a list of host:port, separated by commas',
  );

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const logFormats = ['pretty', 'json'] as const;
const sqlModes = ['off', 'read', 'all'] as const;
const registryModes = ['check', 'register'] as const;
const compressions = ['none', 'gzip', 'zstd'] as const;
const viewsModes = ['apply', 'check', 'off'] as const;

function oneOf<const T extends readonly [string, ...string[]]>(values: T) {
  return z.enum(values, `is none of ${values.join(', ')}`);
}

const folder = z.string();

const list = z.string().transform((text) =>
  text
    .split(',')
    .map((entry) => entry.trim())
    .filter((entry) => entry !== ''),
);

const shortestSecret = 16;
const secrets = z
  .string()
  .transform((list) => list.split(',').map((secret) => secret.trim()))
  .refine(
    (all) => all.every((secret) => secret.length >= shortestSecret),
    `has a secret of fewer than ${shortestSecret} characters`,
  );

/** Every setting of the gateway, in the order in which it is told. */
const optionSpecs = {
  port: {
    env: 'PORT',
    flag: '--port',
    kind: 'value',
    schema: wholeNumber(0, 65_535),
    default: '4000, or another when that is taken',
    unit: 'TCP port',
    meaning: 'Where the gateway listens. A port that is named must be free; 0 takes any free one.',
  },
  host: {
    env: 'SLUICE_HOST',
    flag: '--host',
    kind: 'value',
    schema: z.string(),
    default: '127.0.0.1',
    unit: 'address',
    meaning: 'The address to listen on. 0.0.0.0 opens the gateway to the network.',
  },
  schemaDir: {
    env: 'SLUICE_SCHEMA',
    flag: '--schema',
    kind: 'value',
    schema: folder,
    default: 'schema',
    unit: 'folder',
    meaning: 'Where the declarations lie: *.graphql, and the .sql files they name.',
  },
  dataDir: {
    env: 'SLUICE_DATA',
    flag: '--data',
    kind: 'value',
    schema: folder,
    default: '.sluice',
    unit: 'folder',
    meaning: "The local stack's data, logs and endpoints.json; kept between starts.",
  },
  cacheDir: {
    env: 'SLUICE_CACHE',
    flag: null,
    kind: 'value',
    schema: folder,
    default: "sluice in the user's cache folder",
    unit: 'folder',
    meaning: 'Where the jars of the local Kafka and Flink are kept, shared by all projects.',
  },
  kafkaBrokers: {
    env: 'KAFKA_BROKERS',
    flag: null,
    kind: 'value',
    schema: brokers,
    default: 'none: a local Kafka and Flink are started',
    unit: 'host:port, …',
    meaning: 'Brokers of the Kafka to use. With it nothing is started locally.',
  },
  flinkRestUrl: {
    env: 'FLINK_REST_URL',
    flag: null,
    kind: 'value',
    schema: url,
    default: 'none: no Flink, streams only',
    unit: 'URL',
    meaning: "REST address of Flink's JobManager. Needs KAFKA_BROKERS and FLINK_SQL_GATEWAY_URL.",
  },
  sqlGatewayUrl: {
    env: 'FLINK_SQL_GATEWAY_URL',
    flag: null,
    kind: 'value',
    schema: url,
    default: 'none: no Flink, streams only',
    unit: 'URL',
    meaning: "REST address of Flink's SQL Gateway. Needs KAFKA_BROKERS and FLINK_REST_URL.",
  },
  flinkKafkaBrokers: {
    env: 'FLINK_KAFKA_BROKERS',
    flag: null,
    kind: 'value',
    schema: brokers,
    default: 'as KAFKA_BROKERS',
    unit: 'host:port, …',
    meaning: 'The same brokers as Flink reaches them, when that differs from how the gateway does.',
  },
  redisUrl: {
    env: 'SLUICE_REDIS_URL',
    flag: null,
    kind: 'value',
    schema: redisUrl,
    default: 'none: the local stack starts one when a declaration needs it',
    unit: 'URL',
    meaning: 'Redis, for streams with source: REDIS: redis://user:password@host:port, with TLS rediss://…',
    isSecret: true,
  },
  registryUrl: {
    env: 'SLUICE_REGISTRY_URL',
    flag: null,
    kind: 'value',
    schema: url,
    default: 'none: the local stack starts one when a declaration needs it',
    unit: 'URL',
    meaning: "Schema registry with Confluent's API, for the formats AVRO, PROTOBUF and JSON_SCHEMA. A path is kept.",
  },
  flinkRegistryUrl: {
    env: 'FLINK_REGISTRY_URL',
    flag: null,
    kind: 'value',
    schema: url,
    default: 'as SLUICE_REGISTRY_URL',
    unit: 'URL',
    meaning: 'The same registry as Flink reaches it, when that differs from how the gateway does.',
  },
  registryMode: {
    env: 'SLUICE_REGISTRY_MODE',
    flag: null,
    kind: 'value',
    schema: oneOf(registryModes),
    default: 'check; register with the local registry',
    unit: registryModes.join(', '),
    meaning: 'Whether declared types are only held against the registry, or registered where it lacks them.',
  },
  registryUsername: {
    env: 'SLUICE_REGISTRY_USERNAME',
    flag: null,
    kind: 'value',
    schema: z.string(),
    default: 'none',
    unit: 'text',
    meaning: 'Who the gateway is at the registry (basic authentication).',
  },
  registryPassword: {
    env: 'SLUICE_REGISTRY_PASSWORD',
    flag: null,
    kind: 'value',
    schema: z.string(),
    default: 'none',
    unit: 'text',
    meaning: 'The password of SLUICE_REGISTRY_USERNAME.',
    isSecret: true,
  },
  registryToken: {
    env: 'SLUICE_REGISTRY_TOKEN',
    flag: null,
    kind: 'value',
    schema: z.string(),
    default: 'none',
    unit: 'text',
    meaning: 'Bearer token for the registry, instead of user and password.',
    isSecret: true,
  },
  registryCaFile: {
    env: 'SLUICE_REGISTRY_CA_FILE',
    flag: null,
    kind: 'value',
    schema: z.string(),
    default: "the machine's own authorities",
    unit: 'PEM file',
    meaning: 'Whose certificates the registry may have.',
  },
  registryCertFile: {
    env: 'SLUICE_REGISTRY_CERT_FILE',
    flag: null,
    kind: 'value',
    schema: z.string(),
    default: 'none',
    unit: 'PEM file',
    meaning: 'Certificate by which the registry knows the gateway. Needs SLUICE_REGISTRY_KEY_FILE.',
  },
  registryKeyFile: {
    env: 'SLUICE_REGISTRY_KEY_FILE',
    flag: null,
    kind: 'value',
    schema: z.string(),
    default: 'none',
    unit: 'PEM file',
    meaning: 'The key of SLUICE_REGISTRY_CERT_FILE.',
  },
  views: {
    env: 'SLUICE_VIEWS',
    flag: null,
    kind: 'value',
    schema: oneOf(viewsModes),
    default: 'apply',
    unit: viewsModes.join(', '),
    meaning: 'What is done with the views at the start: run them as declared, only tell what differs, or nothing.',
  },
  onDemandGraceMs: {
    env: 'SLUICE_ON_DEMAND_GRACE_MS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(0, 86_400_000),
    default: '60000',
    unit: 'ms',
    meaning: 'How long the job of an on-demand view runs on after its last subscriber has gone.',
  },
  sql: {
    env: 'SLUICE_SQL',
    flag: null,
    kind: 'value',
    schema: oneOf(sqlModes),
    default: 'all with the local stack, else read',
    unit: sqlModes.join(', '),
    meaning: 'What clients may send as SQL: nothing, what reads, or also what starts jobs.',
  },
  sqlConnectors: {
    env: 'SLUICE_SQL_CONNECTORS',
    flag: null,
    kind: 'value',
    schema: list,
    default: 'kafka, upsert-kafka, datagen, print, blackhole',
    unit: 'names, …',
    meaning: 'The connectors that temporary tables in the SQL of clients may have.',
  },
  sqlPaths: {
    env: 'SLUICE_SQL_PATHS',
    flag: null,
    kind: 'value',
    schema: list,
    default: 'none',
    unit: 'folders, URLs, …',
    meaning: 'What paths and addresses in the options of such tables must lie below.',
  },
  sqlQueriesPerClient: {
    env: 'SLUICE_SQL_QUERIES_PER_CLIENT',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1, 10_000),
    default: '4',
    unit: 'queries',
    meaning: 'Ad hoc queries and subscriptions that one client (a WebSocket, or an address over HTTP) may run at once.',
  },
  sqlQueries: {
    env: 'SLUICE_SQL_QUERIES',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1, 10_000),
    default: '16',
    unit: 'queries',
    meaning: 'The same over all clients. Each takes a slot of Flink for each of its tasks.',
  },
  sqlMaxRows: {
    env: 'SLUICE_SQL_MAX_ROWS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1, 1_000_000),
    default: '10000',
    unit: 'rows',
    meaning: 'The most rows that a client may want of one ad hoc query.',
  },
  sqlSubscriptionRows: {
    env: 'SLUICE_SQL_SUBSCRIPTION_ROWS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1, 2_000_000_000),
    default: '1000000',
    unit: 'rows',
    meaning: 'The most rows that one ad hoc subscription gives; then it ends with an error.',
  },
  sqlRunMs: {
    env: 'SLUICE_SQL_RUN_MS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1000, 604_800_000),
    default: '3600000',
    unit: 'ms',
    meaning: 'The longest time that an ad hoc query or subscription runs.',
  },
  sqlIdleMs: {
    env: 'SLUICE_SQL_IDLE_MS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1000, 3_600_000),
    default: '60000',
    unit: 'ms',
    meaning: 'An ad hoc subscription whose client takes nothing of what is there for so long is ended.',
  },
  compression: {
    env: 'SLUICE_COMPRESSION',
    flag: null,
    kind: 'value',
    schema: oneOf(compressions),
    default: 'none',
    unit: compressions.join(', '),
    meaning: 'How records are compressed that the gateway writes. It reads all that Kafka knows.',
  },
  produceTimeoutMs: {
    env: 'SLUICE_PRODUCE_TIMEOUT_MS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(100, 600_000),
    default: '10000',
    unit: 'ms',
    meaning: 'Deadline of a produce mutation; a record without an answer by then is UNKNOWN or NOT_WRITTEN.',
  },
  idempotencyWindowMs: {
    env: 'SLUICE_IDEMPOTENCY_WINDOW_MS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1000, 86_400_000),
    default: '600000',
    unit: 'ms',
    meaning: 'For how long a produce mutation with an idempotencyKey is remembered: repeated, it has the same answer.',
  },
  idempotencyMaxEvents: {
    env: 'SLUICE_IDEMPOTENCY_MAX_EVENTS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1, 10_000_000),
    default: '250000',
    unit: 'events',
    meaning: 'Most events of such mutations that are remembered, about 300 bytes each; more are refused as OVERLOADED.',
  },
  queryTimeoutMs: {
    env: 'SLUICE_QUERY_TIMEOUT_MS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(100, 600_000),
    default: '10000',
    unit: 'ms',
    meaning: 'The longest time a query scans the history of a stream; it then answers with what it has.',
  },
  ringBytes: {
    env: 'SLUICE_RING_BYTES',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1024, 1_073_741_824),
    default: '1048576',
    unit: 'bytes',
    meaning: 'How much of the newest records is kept in memory for each partition that somebody reads.',
  },
  ringsTotalBytes: {
    env: 'SLUICE_RINGS_TOTAL_BYTES',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1024, 68_719_476_736),
    default: '67108864',
    unit: 'bytes',
    meaning: 'The same over all partitions: above it the fullest give up their oldest records.',
  },
  tableMaxRows: {
    env: 'SLUICE_TABLE_MAX_ROWS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1, 1_000_000_000),
    default: '1000000',
    unit: 'rows',
    meaning: 'How many rows a table may have to be queried; beyond that it is TABLE_TOO_LARGE.',
  },
  tablesTotalBytes: {
    env: 'SLUICE_TABLES_TOTAL_BYTES',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1024, 68_719_476_736),
    default: '536870912',
    unit: 'bytes',
    meaning: 'How much the rows of all tables that are in use may hold in memory.',
  },
  idlePageMs: {
    env: 'SLUICE_IDLE_PAGE_MS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(100, 3_600_000),
    default: '30000',
    unit: 'ms',
    meaning: 'After so long without a page a subscriber whose stream moved on gets an empty one with a fresh cursor.',
  },
  socketBacklogBytes: {
    env: 'SLUICE_SOCKET_BACKLOG_BYTES',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1024, 1_073_741_824),
    default: '262144',
    unit: 'bytes',
    meaning: 'Above it a WebSocket counts as slow: it gets no more pages until it has taken what waits for it.',
  },
  totalBacklogBytes: {
    env: 'SLUICE_TOTAL_BACKLOG_BYTES',
    flag: null,
    kind: 'value',
    schema: wholeNumber(1024, 68_719_476_736),
    default: '67108864',
    unit: 'bytes',
    meaning: 'The same over all WebSockets: above it all for which something waits count as slow.',
  },
  keepAliveMs: {
    env: 'SLUICE_KEEP_ALIVE_MS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(100, 3_600_000),
    default: '25000',
    unit: 'ms',
    meaning: 'How often a WebSocket is pinged, and a stream over HTTP gets a comment.',
  },
  stallTimeoutMs: {
    env: 'SLUICE_STALL_TIMEOUT_MS',
    flag: null,
    kind: 'value',
    schema: wholeNumber(100, 3_600_000),
    default: '60000',
    unit: 'ms',
    meaning: 'A client that takes nothing of what waits for it, or shows no sign of life, for so long is cut off.',
  },
  cursorSecrets: {
    env: 'SLUICE_CURSOR_SECRET',
    flag: null,
    kind: 'value',
    schema: secrets,
    default: 'made once and kept in the data folder; without the local stack made anew at each start',
    unit: 'text, …',
    meaning:
      'What cursors are signed with; all replicas need the same. Several, separated by commas: the first signs, all are accepted.',
    isSecret: true,
  },
  demo: {
    env: 'SLUICE_DEMO',
    flag: '--demo',
    kind: 'switch',
    schema: flag,
    default: 'true with the local stack, else false',
    unit: 'true, false',
    meaning: 'Produce plausible events for the declared examples. --no-demo turns it off.',
  },
  logLevel: {
    env: 'LOG_LEVEL',
    flag: '--log-level',
    kind: 'value',
    schema: oneOf(logLevels),
    default: 'warn with the local stack, else info',
    unit: logLevels.join(', '),
    meaning: 'The least severe log entry that is written.',
  },
  logFormat: {
    env: 'SLUICE_LOG_FORMAT',
    flag: null,
    kind: 'value',
    schema: oneOf(logFormats),
    default: 'pretty with the local stack, else json',
    unit: logFormats.join(', '),
    meaning: 'Log lines for people, or one JSON object a line for machines.',
  },
  force: {
    env: null,
    flag: '--force',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'With import: replace files whose declaration is another one now.',
  },
  dryRun: {
    env: null,
    flag: '--dry-run',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'With import: show what would be written, and write nothing.',
  },
  json: {
    env: null,
    flag: '--json',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'With check: print what was found as JSON, one object a line.',
  },
  clean: {
    env: null,
    flag: '--clean',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: "Forget the local stack's data, and end.",
  },
  help: {
    env: null,
    flag: '--help',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'Print the options, and end.',
  },
  version: {
    env: null,
    flag: '--version',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'Print the version, and end.',
  },
} as const satisfies Record<string, OptionSpec>;

/** The name of a setting in this room. */
export type OptionName = keyof typeof optionSpecs;

/** The settings that were given, parsed. */
export type OptionValues = { readonly [Name in OptionName]?: z.output<(typeof optionSpecs)[Name]['schema']> };

/** All settings with their names. */
export const optionEntries = Object.entries(optionSpecs) as readonly (readonly [OptionName, OptionSpec])[];
