import { SluiceError } from '#errors';
import { type CommandWord, commandFaults, readCommand } from './commands.ts';
import type { OptionName, OptionValues } from './options.ts';
import { type Environment, readSettings, type SettingFault } from './read-settings.ts';

/** How to reach a Flink that runs already. */
export interface FlinkClusters {
  readonly restUrl: string;
  readonly sqlGatewayUrl: string;
  /** The brokers as Flink reaches them, `host:port` separated by commas. */
  readonly kafkaBrokers: string;
  /** Whether it has the formats that `sluice flink-jar` writes. */
  readonly hasSluiceJar: boolean;
}

/** Where Kafka and Flink are: started by the gateway, or existing ones. */
export type Clusters =
  | { readonly kind: 'local' }
  | {
      readonly kind: 'external';
      /** `host:port` separated by commas. */
      readonly kafkaBrokers: string;
      /** Null: streams only, what needs Flink says so. */
      readonly flink: FlinkClusters | null;
    };

/** All settings of one run, complete, checked and frozen. */
export interface Config {
  /** What the command is to do. */
  readonly command: 'start' | 'clean' | 'help' | 'version' | CommandWord;
  /** What `import` and `check` were told. */
  readonly declare: {
    /** The topics to import; none: all. */
    readonly topics: readonly string[];
    readonly force: boolean;
    readonly dryRun: boolean;
    readonly json: boolean;
  };
  /** The file that `flink-jar` writes; null for every other command. */
  readonly jarFile: string | null;
  readonly server: {
    readonly host: string;
    /** 0: any free port. */
    readonly port: number;
    /** The port was named by the user: when it is taken, that is an error. */
    readonly isPortFixed: boolean;
    readonly keepAliveMs: number;
    readonly stallTimeoutMs: number;
    readonly socketBacklogBytes: number;
    readonly totalBacklogBytes: number;
  };
  readonly feeds: {
    readonly ringBytes: number;
    readonly ringsTotalBytes: number;
    readonly tableMaxRows: number;
    readonly tablesTotalBytes: number;
    readonly idlePageMs: number;
  };
  readonly registry: {
    /** Null: the local stack's own, or none. */
    readonly url: string | null;
    /** As Flink reaches it; null: by the same address. */
    readonly flinkUrl: string | null;
    readonly mode: NonNullable<OptionValues['registryMode']>;
    readonly username: string | null;
    readonly password: string | null;
    readonly token: string | null;
    readonly caFile: string | null;
    readonly certFile: string | null;
    readonly keyFile: string | null;
  };
  /** `redis[s]://[user[:password]@]host[:port]`; null: the local stack's own, or none. */
  readonly redisUrl: string | null;
  readonly views: {
    /** What is done with them at the start. */
    readonly mode: NonNullable<OptionValues['views']>;
    readonly onDemandGraceMs: number;
    readonly sourceIdleMs: number;
  };
  /** What clients may send as SQL. A list that is null is the default of the room that uses it. */
  readonly sql: {
    readonly mode: NonNullable<OptionValues['sql']>;
    readonly connectors: readonly string[] | null;
    readonly paths: readonly string[];
    readonly queriesPerClient: number;
    readonly queries: number;
    readonly maxRows: number;
    readonly subscriptionRows: number;
    readonly runMs: number;
    readonly idleMs: number;
  };
  readonly schemaDir: string;
  readonly dataDir: string;
  /** Null: the user's cache folder. */
  readonly cacheDir: string | null;
  readonly clusters: Clusters;
  /** What cursors are signed with, the first one for new cursors. Empty: the gateway makes one itself. */
  readonly cursorSecrets: readonly string[];
  /** Whether to produce demo traffic. */
  readonly demo: boolean;
  readonly compression: NonNullable<OptionValues['compression']>;
  readonly produceTimeoutMs: number;
  /** How much is remembered of produce mutations with an `idempotencyKey`. */
  readonly idempotency: { readonly windowMs: number; readonly maxEvents: number };
  readonly queryTimeoutMs: number;
  readonly log: {
    readonly level: NonNullable<OptionValues['logLevel']>;
    readonly format: NonNullable<OptionValues['logFormat']>;
  };
}

/**
 * The settings from the environment and the command line (without node and the script), or one `BAD_CONFIG` that lists
 * every fault; `details.faults` has them one by one. Who asks for help or the version gets it whatever else is wrong.
 */
export function loadConfig(environment: Environment, commandLine: readonly string[]): Config {
  const { values, given, faults, words } = readSettings(environment, commandLine);
  if (values.help === true) return toConfig('help', {});
  if (values.version === true) return toConfig('version', {});
  const all = [...faults, ...commandFaults(words, given), ...contradictions(given)];
  if (all.length > 0) throw badConfig(all);
  const { word, topics } = readCommand(words);
  return toConfig(values.clean === true ? 'clean' : (word ?? 'start'), values, topics);
}

/** What only an existing Flink has. */
const ofFlink: readonly (readonly [OptionName, string])[] = [
  ['flinkKafkaBrokers', 'FLINK_KAFKA_BROKERS'],
  ['flinkSluiceJar', 'FLINK_SLUICE_JAR'],
];

/** What is wrong with the settings together, whatever each of them says. */
function contradictions(given: ReadonlySet<OptionName>): readonly SettingFault[] {
  const hasRest = given.has('flinkRestUrl');
  const hasGateway = given.has('sqlGatewayUrl');
  const faults: SettingFault[] = [];
  if ((hasRest || hasGateway) && !given.has('kafkaBrokers')) {
    faults.push({
      name: hasRest ? 'FLINK_REST_URL' : 'FLINK_SQL_GATEWAY_URL',
      message:
        'is set without KAFKA_BROKERS: an existing Flink cannot read the local Kafka that would be started. Name the brokers, or leave Flink to the local stack too',
    });
  }
  if (hasRest !== hasGateway) {
    faults.push({
      name: hasRest ? 'FLINK_SQL_GATEWAY_URL' : 'FLINK_REST_URL',
      message: `is missing: ${hasRest ? 'FLINK_REST_URL' : 'FLINK_SQL_GATEWAY_URL'} is set, and Sluice needs both, the JobManager for jobs and the SQL Gateway for statements`,
    });
  }
  faults.push(...registryContradictions(given));
  for (const [option, name] of ofFlink) {
    if (!given.has(option) || hasRest || hasGateway) continue;
    const message = 'is set without FLINK_REST_URL and FLINK_SQL_GATEWAY_URL: there is no Flink it could be for';
    faults.push({ name, message });
  }
  return faults;
}

function registryContradictions(given: ReadonlySet<OptionName>): readonly SettingFault[] {
  const needs = (name: OptionName, by: string, other: OptionName, otherName: string): readonly SettingFault[] =>
    given.has(name) && !given.has(other)
      ? [{ name: by, message: `is set without ${otherName}, which it belongs to` }]
      : [];
  const both = given.has('registryToken') && given.has('registryUsername');
  return [
    ...needs('flinkRegistryUrl', 'FLINK_REGISTRY_URL', 'registryUrl', 'SLUICE_REGISTRY_URL'),
    ...needs('registryPassword', 'SLUICE_REGISTRY_PASSWORD', 'registryUsername', 'SLUICE_REGISTRY_USERNAME'),
    ...needs('registryCertFile', 'SLUICE_REGISTRY_CERT_FILE', 'registryKeyFile', 'SLUICE_REGISTRY_KEY_FILE'),
    ...needs('registryKeyFile', 'SLUICE_REGISTRY_KEY_FILE', 'registryCertFile', 'SLUICE_REGISTRY_CERT_FILE'),
    ...(both
      ? [
          {
            name: 'SLUICE_REGISTRY_TOKEN',
            message: 'is set beside SLUICE_REGISTRY_USERNAME: the registry knows the gateway by one of the two',
          },
        ]
      : []),
  ];
}

function badConfig(faults: readonly SettingFault[]): SluiceError {
  const count = faults.length === 1 ? 'A setting is' : `${faults.length} settings are`;
  const lines = faults.map(({ name, message }) => `  ${name}: ${message}`);
  return new SluiceError('BAD_CONFIG', `${count} wrong (--help lists them all):\n${lines.join('\n')}`, {
    details: { faults },
  });
}

function toConfig(command: Config['command'], values: OptionValues, topics: readonly string[] = []): Config {
  const clusters = toClusters(values);
  const isLocal = clusters.kind === 'local';
  return Object.freeze({
    command,
    declare: Object.freeze({
      topics: Object.freeze(topics),
      force: values.force === true,
      dryRun: values.dryRun === true,
      json: values.json === true,
    }),
    jarFile: values.out ?? null,
    server: Object.freeze({
      host: values.host ?? '127.0.0.1',
      port: values.port ?? 4000,
      isPortFixed: values.port !== undefined,
      keepAliveMs: values.keepAliveMs ?? 25_000,
      stallTimeoutMs: values.stallTimeoutMs ?? 60_000,
      socketBacklogBytes: values.socketBacklogBytes ?? 256 * 1024,
      totalBacklogBytes: values.totalBacklogBytes ?? 64 * 1024 * 1024,
    }),
    feeds: Object.freeze({
      ringBytes: values.ringBytes ?? 1024 * 1024,
      ringsTotalBytes: values.ringsTotalBytes ?? 64 * 1024 * 1024,
      tableMaxRows: values.tableMaxRows ?? 1_000_000,
      tablesTotalBytes: values.tablesTotalBytes ?? 512 * 1024 * 1024,
      idlePageMs: values.idlePageMs ?? 30_000,
    }),
    registry: toRegistry(values, isLocal),
    redisUrl: values.redisUrl ?? null,
    views: Object.freeze({
      mode: values.views ?? 'apply',
      onDemandGraceMs: values.onDemandGraceMs ?? 60_000,
      sourceIdleMs: values.sourceIdleMs ?? 5_000,
    }),
    sql: Object.freeze({
      // Only who started the cluster for himself may be presumed to let anybody who reaches the gateway start jobs on it.
      mode: values.sql ?? (isLocal ? 'all' : 'read'),
      connectors: values.sqlConnectors ?? null,
      paths: Object.freeze(values.sqlPaths ?? []),
      queriesPerClient: values.sqlQueriesPerClient ?? 4,
      queries: values.sqlQueries ?? 16,
      maxRows: values.sqlMaxRows ?? 10_000,
      subscriptionRows: values.sqlSubscriptionRows ?? 1_000_000,
      runMs: values.sqlRunMs ?? 3_600_000,
      idleMs: values.sqlIdleMs ?? 60_000,
    }),
    schemaDir: values.schemaDir ?? 'schema',
    dataDir: values.dataDir ?? '.sluice',
    cacheDir: values.cacheDir ?? null,
    clusters,
    cursorSecrets: Object.freeze(values.cursorSecrets ?? []),
    demo: values.demo ?? isLocal,
    compression: values.compression ?? 'none',
    produceTimeoutMs: values.produceTimeoutMs ?? 10_000,
    idempotency: Object.freeze({
      windowMs: values.idempotencyWindowMs ?? 600_000,
      maxEvents: values.idempotencyMaxEvents ?? 250_000,
    }),
    queryTimeoutMs: values.queryTimeoutMs ?? 10_000,
    log: Object.freeze({
      level: values.logLevel ?? (isLocal ? 'warn' : 'info'),
      format: values.logFormat ?? (isLocal ? 'pretty' : 'json'),
    }),
  });
}

function toRegistry(values: OptionValues, isLocal: boolean): Config['registry'] {
  const url = values.registryUrl ?? null;
  return Object.freeze({
    url,
    flinkUrl: values.flinkRegistryUrl ?? null,
    // In a registry that was started for these declarations there is nothing that they could be held against.
    mode: values.registryMode ?? (isLocal && url === null ? 'register' : 'check'),
    username: values.registryUsername ?? null,
    password: values.registryPassword ?? null,
    token: values.registryToken ?? null,
    caFile: values.registryCaFile ?? null,
    certFile: values.registryCertFile ?? null,
    keyFile: values.registryKeyFile ?? null,
  });
}

function toClusters(values: OptionValues): Clusters {
  const { kafkaBrokers, flinkRestUrl, sqlGatewayUrl } = values;
  if (kafkaBrokers === undefined) return Object.freeze({ kind: 'local' });
  const flink =
    flinkRestUrl === undefined || sqlGatewayUrl === undefined
      ? null
      : Object.freeze({
          restUrl: flinkRestUrl,
          sqlGatewayUrl,
          kafkaBrokers: values.flinkKafkaBrokers ?? kafkaBrokers,
          hasSluiceJar: values.flinkSluiceJar === true,
        });
  return Object.freeze({ kind: 'external', kafkaBrokers, flink });
}
