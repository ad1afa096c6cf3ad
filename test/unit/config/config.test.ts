import { describe, expect, it } from 'vitest';
import { loadConfig, printHelp } from '#config';
import { SluiceError } from '#errors';

const external = { KAFKA_BROKERS: 'k1:9092, k2:9092' };
const flink = { FLINK_REST_URL: 'http://jm:8081', FLINK_SQL_GATEWAY_URL: 'http://gw:8083' };

function faultsOf(environment: Record<string, string>, commandLine: readonly string[] = []): readonly string[] {
  try {
    loadConfig(environment, commandLine);
  } catch (thrown) {
    if (!(thrown instanceof SluiceError)) throw thrown;
    expect(thrown.code).toBe('BAD_CONFIG');
    return thrown.message
      .split('\n')
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

const limits = {
  keepAliveMs: 25_000,
  stallTimeoutMs: 60_000,
  socketBacklogBytes: 262_144,
  totalBacklogBytes: 67_108_864,
};

const feeds = {
  ringBytes: 1_048_576,
  ringsTotalBytes: 67_108_864,
  tableMaxRows: 1_000_000,
  tablesTotalBytes: 536_870_912,
  idlePageMs: 30_000,
};

const sql = {
  mode: 'all',
  connectors: null,
  paths: [],
  queriesPerClient: 4,
  queries: 16,
  maxRows: 10_000,
  subscriptionRows: 1_000_000,
  runMs: 3_600_000,
  idleMs: 60_000,
};
const views = { mode: 'apply', onDemandGraceMs: 60_000, sourceIdleMs: 5_000 };
const registry = {
  url: null,
  flinkUrl: null,
  mode: 'check',
  username: null,
  password: null,
  token: null,
  caFile: null,
  certFile: null,
  keyFile: null,
};

describe('the configuration', () => {
  it('without any setting starts a local stack with demo traffic, on loopback', () => {
    expect(loadConfig({ PATH: '/bin', PORT: '', KAFKA_BROKERS: ' ' }, [])).toEqual({
      command: 'start',
      declare: { topics: [], force: false, dryRun: false, json: false },
      jarFile: null,
      server: { ...limits, host: '127.0.0.1', port: 4000, isPortFixed: false },
      feeds,
      views,
      registry: { ...registry, mode: 'register' },
      sql,
      schemaDir: 'schema',
      dataDir: '.sluice',
      cacheDir: null,
      clusters: { kind: 'local' },
      redisUrl: null,
      cursorSecrets: [],
      demo: true,
      compression: 'none',
      produceTimeoutMs: 10_000,
      idempotency: { windowMs: 600_000, maxEvents: 250_000 },
      queryTimeoutMs: 10_000,
      log: { level: 'warn', format: 'pretty' },
    });
  });

  it('reads every environment variable', () => {
    const environment = {
      ...external,
      ...flink,
      PORT: '5000',
      SLUICE_HOST: '0.0.0.0',
      SLUICE_SCHEMA: 'my/schema',
      SLUICE_DATA: '/var/sluice',
      SLUICE_CACHE: '/var/cache',
      FLINK_KAFKA_BROKERS: 'kafka:9092',
      FLINK_SLUICE_JAR: 'true',
      SLUICE_CURSOR_SECRET: 'the-newest-of-secrets,the-one-before-that',
      SLUICE_DEMO: 'On',
      LOG_LEVEL: 'debug',
      SLUICE_LOG_FORMAT: 'pretty',
      SLUICE_COMPRESSION: 'zstd',
      SLUICE_REDIS_URL: 'rediss://sluice:secret@redis:6380',
      SLUICE_PRODUCE_TIMEOUT_MS: '2500',
      SLUICE_IDEMPOTENCY_WINDOW_MS: '60000',
      SLUICE_IDEMPOTENCY_MAX_EVENTS: '1000',
      SLUICE_QUERY_TIMEOUT_MS: '500',
      SLUICE_VIEWS: 'check',
      SLUICE_ON_DEMAND_GRACE_MS: '0',
      SLUICE_SOURCE_IDLE_MS: '1000',
      SLUICE_SQL: 'off',
      SLUICE_SQL_CONNECTORS: 'kafka, filesystem,',
      SLUICE_SQL_PATHS: 's3://bucket/in/',
      SLUICE_SQL_QUERIES_PER_CLIENT: '2',
      SLUICE_SQL_QUERIES: '8',
      SLUICE_SQL_MAX_ROWS: '500',
      SLUICE_SQL_SUBSCRIPTION_ROWS: '5000',
      SLUICE_SQL_RUN_MS: '60000',
      SLUICE_SQL_IDLE_MS: '10000',
      SLUICE_REGISTRY_URL: 'https://registry:8081/api',
      FLINK_REGISTRY_URL: 'http://inside:8081',
      SLUICE_REGISTRY_MODE: 'register',
      SLUICE_REGISTRY_USERNAME: 'ann',
      SLUICE_REGISTRY_PASSWORD: 'secret',
      SLUICE_REGISTRY_CA_FILE: 'ca.pem',
      SLUICE_REGISTRY_CERT_FILE: 'cert.pem',
      SLUICE_REGISTRY_KEY_FILE: 'key.pem',
    };
    expect(loadConfig(environment, [])).toEqual({
      command: 'start',
      declare: { topics: [], force: false, dryRun: false, json: false },
      jarFile: null,
      server: { ...limits, host: '0.0.0.0', port: 5000, isPortFixed: true },
      feeds,
      views: { mode: 'check', onDemandGraceMs: 0, sourceIdleMs: 1_000 },
      registry: {
        url: 'https://registry:8081/api',
        flinkUrl: 'http://inside:8081',
        mode: 'register',
        username: 'ann',
        password: 'secret',
        token: null,
        caFile: 'ca.pem',
        certFile: 'cert.pem',
        keyFile: 'key.pem',
      },
      sql: {
        mode: 'off',
        connectors: ['kafka', 'filesystem'],
        paths: ['s3://bucket/in/'],
        queriesPerClient: 2,
        queries: 8,
        maxRows: 500,
        subscriptionRows: 5000,
        runMs: 60_000,
        idleMs: 10_000,
      },
      schemaDir: 'my/schema',
      dataDir: '/var/sluice',
      cacheDir: '/var/cache',
      clusters: {
        kind: 'external',
        kafkaBrokers: 'k1:9092, k2:9092',
        flink: {
          restUrl: 'http://jm:8081',
          sqlGatewayUrl: 'http://gw:8083',
          kafkaBrokers: 'kafka:9092',
          hasSluiceJar: true,
        },
      },
      redisUrl: 'rediss://sluice:secret@redis:6380',
      cursorSecrets: ['the-newest-of-secrets', 'the-one-before-that'],
      demo: true,
      compression: 'zstd',
      produceTimeoutMs: 2500,
      idempotency: { windowMs: 60_000, maxEvents: 1000 },
      queryTimeoutMs: 500,
      log: { level: 'debug', format: 'pretty' },
    });
  });

  it('lets the command line win over the environment', () => {
    const config = loadConfig({ PORT: '1', LOG_LEVEL: 'warn', SLUICE_DEMO: 'true' }, [
      '--port=5000',
      '--log-level',
      'error',
      '--no-demo',
      '--schema',
      'a=b',
    ]);
    expect(config.server.port).toBe(5000);
    expect(config.log.level).toBe('error');
    expect(config.demo).toBe(false);
    expect(config.schemaDir).toBe('a=b');
  });

  it('with brokers alone uses Kafka without Flink, without demo, with JSON logs', () => {
    const config = loadConfig(external, []);
    expect(config.clusters).toEqual({ kind: 'external', kafkaBrokers: 'k1:9092, k2:9092', flink: null });
    expect([config.demo, config.log]).toEqual([false, { level: 'info', format: 'json' }]);
    expect(loadConfig(external, ['--demo']).demo).toBe(true);
  });

  it('tells Flink the same brokers unless other ones are named', () => {
    const { clusters } = loadConfig({ ...external, ...flink }, []);
    expect(clusters.kind === 'external' && clusters.flink?.kafkaBrokers).toBe('k1:9092, k2:9092');
  });

  it('is frozen in every part', () => {
    const config = loadConfig({ ...external, ...flink }, []);
    const parts = [config, config.server, config.log, config.clusters];
    expect(parts.every(Object.isFrozen)).toBe(true);
    expect(config.clusters.kind === 'external' && Object.isFrozen(config.clusters.flink)).toBe(true);
  });

  it('knows the other commands, and answers help and version whatever else is wrong', () => {
    expect(loadConfig({}, []).command).toBe('start');
    expect(loadConfig({ SLUICE_DATA: 'd' }, ['--clean'])).toMatchObject({ command: 'clean', dataDir: 'd' });
    expect(loadConfig({ PORT: 'x' }, ['--help', '--nonsense']).command).toBe('help');
    expect(loadConfig({ PORT: 'x' }, ['--version']).command).toBe('version');
    expect(loadConfig(external, ['import', '--dry-run', 'orders', '--force', 'clicks'])).toMatchObject({
      command: 'import',
      declare: { topics: ['orders', 'clicks'], force: true, dryRun: true, json: false },
    });
    expect(loadConfig(external, ['check', '--json'])).toMatchObject({ command: 'check', declare: { json: true } });
    expect(loadConfig({}, ['print-schema']).command).toBe('print-schema');
    expect(loadConfig({}, ['flink-jar', '--out', 'a.jar'])).toMatchObject({ command: 'flink-jar', jarFile: 'a.jar' });
  });
});

describe('a fault of the configuration', () => {
  it.each<readonly [Record<string, string>, readonly string[], string]>([
    [{ PORT: '65536' }, [], 'PORT: "65536" is not a whole number from 0 to 65535'],
    [{}, ['--port', '4e3'], '--port: "4e3" is not a whole number from 0 to 65535'],
    [{}, ['--port'], '--port: needs a value (TCP port)'],
    [{}, ['--schema', '--no-demo'], '--schema: needs a value (folder)'],
    [{}, ['--demo=yes'], '--demo: takes no value'],
    [{}, ['--prot', '5000'], '--prot: is no option; did you mean --port?'],
    [{}, ['--no-clean'], '--no-clean: is no option; did you mean --clean?'],
    [{}, ['--xyzzy-plugh'], '--xyzzy-plugh: is no option'],
    [
      {},
      ['xyzzy'],
      'xyzzy: is no command; commands are import, check, ddl, print-schema, flink-jar; options begin with --',
    ],
    [{}, ['chek'], 'chek: is no command; did you mean check?'],
    [{}, ['ddl', 'orders'], 'orders: is not expected after ddl; options begin with --'],
    [{}, ['ddl', '--force'], '--force: belongs to the command import'],
    [{}, ['--json'], '--json: belongs to the command check'],
    [
      {},
      ['check'],
      'KAFKA_BROKERS: is missing: check looks at the topics of a Kafka that runs (that of a running local stack is in .sluice/endpoints.json)',
    ],
    [{ SLUICE_SHEMA: 'x' }, [], 'SLUICE_SHEMA: is no setting of Sluice; did you mean SLUICE_SCHEMA?'],
    [
      { SLUICE_REDIS_URL: 'http://user:secret@redis' },
      [],
      'SLUICE_REDIS_URL: (hidden) is not an address of Redis, such as redis://localhost:6379 or rediss://user:password@host:6380',
    ],
    [{ SLUICE_DEMO: 'maybe' }, [], 'SLUICE_DEMO: "maybe" is neither true nor false'],
    [
      { SLUICE_CURSOR_SECRET: 'long-enough-to-pass,short' },
      [],
      'SLUICE_CURSOR_SECRET: (hidden) has a secret of fewer than 16 characters',
    ],
    [{ LOG_LEVEL: 'loud' }, [], 'LOG_LEVEL: "loud" is none of fatal, error, warn, info, debug, trace, silent'],
    [
      { SLUICE_PRODUCE_TIMEOUT_MS: '10s' },
      [],
      'SLUICE_PRODUCE_TIMEOUT_MS: "10s" is not a whole number from 100 to 600000',
    ],
    [{ KAFKA_BROKERS: 'k1' }, [], 'KAFKA_BROKERS: "k1" is not a list of host:port, separated by commas'],
    [{ KAFKA_BROKERS: 'k1:9092,' }, [], 'KAFKA_BROKERS: "k1:9092," is not a list of host:port, separated by commas'],
    [
      { ...external, ...flink, FLINK_REST_URL: 'ftp://me:secret@jm' },
      [],
      'FLINK_REST_URL: "ftp://…@jm" is not an http or https address, such as http://localhost:8081',
    ],
    [
      { ...external, FLINK_KAFKA_BROKERS: 'k:1' },
      [],
      'FLINK_KAFKA_BROKERS: is set without FLINK_REST_URL and FLINK_SQL_GATEWAY_URL: there is no Flink it could be for',
    ],
    [
      { ...external, FLINK_SLUICE_JAR: 'true' },
      [],
      'FLINK_SLUICE_JAR: is set without FLINK_REST_URL and FLINK_SQL_GATEWAY_URL: there is no Flink it could be for',
    ],
    [{}, ['flink-jar'], '--out: is missing: flink-jar writes the jar to the file that it names'],
    [{}, ['ddl', '--out', 'x'], '--out: belongs to the command flink-jar'],
    [
      { ...external, FLINK_SQL_GATEWAY_URL: 'http://gw:8083' },
      [],
      'FLINK_REST_URL: is missing: FLINK_SQL_GATEWAY_URL is set, and Sluice needs both, the JobManager for jobs and the SQL Gateway for statements',
    ],
    [
      { ...flink },
      [],
      'FLINK_REST_URL: is set without KAFKA_BROKERS: an existing Flink cannot read the local Kafka that would be started. Name the brokers, or leave Flink to the local stack too',
    ],
  ])('is told once and says what would be right: %o %o', (environment, commandLine, expected) => {
    expect(faultsOf(environment, commandLine)).toEqual([expected]);
  });

  it('comes with all the others, in text and for machines', () => {
    const environment = { PORT: 'x', SLUICE_X: '1', KAFKA_BROKERS: 'k', ...flink };
    expect(faultsOf(environment, ['--host'])).toHaveLength(4);
    expect(() => loadConfig(environment, ['--host'])).toThrow(/^4 settings are wrong/);
    expect(() => loadConfig({ PORT: 'x' }, [])).toThrow(
      expect.objectContaining({ details: { faults: [{ name: 'PORT', message: expect.stringContaining('"x"') }] } }),
    );
  });
});

describe('the help text', () => {
  it('names every option and variable with its default', () => {
    expect(printHelp()).toContain('--port, PORT  (TCP port)\n');
    expect(printHelp()).toContain('Default: 4000, or another when that is taken.');
  });
});
