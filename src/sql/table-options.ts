import type { SqlOption } from './statement.ts';

/** What options are judged by. */
export interface OptionRules {
  readonly connectors: readonly string[];
  readonly paths: readonly string[];
  readonly bootstrapServers: string;
}

/** Client settings of Kafka that change how much is read or written at once, and no more. */
const kafkaProperties = new Set([
  'acks',
  'auto.offset.reset',
  'batch.size',
  'bootstrap.servers',
  'buffer.memory',
  'client.id',
  'commit.offsets.on.checkpoint',
  'compression.type',
  'delivery.timeout.ms',
  'enable.idempotence',
  'fetch.max.bytes',
  'fetch.max.wait.ms',
  'fetch.min.bytes',
  'group.id',
  'isolation.level',
  'linger.ms',
  'max.partition.fetch.bytes',
  'max.poll.records',
  'max.request.size',
  'request.timeout.ms',
  'retries',
  'transaction.timeout.ms',
]);
const hintKeys = /^(?:scan\.|fields\.)|^(?:sink\.parallelism|number-of-rows|rows-per-second)$/;
/** What names a class, a file or a credential by custom, whatever the connector. */
const dangerous =
  /(?:^|[.-])(?:class|classes|classpath|jar|jars|jaas|sasl|ssl|login|callback|keystore|truststore|keytab|krb5|interceptor|interceptors|provider|providers|factory|reporter|reporters|deserializer|serializer|script|command)(?:$|[.-])/i;
const pathKey = /(?:^|[.-])(?:path|paths|dir|directory|location|url|urls|uri|uris|file)$/i;
const address = /^\s*[a-z][a-z0-9+.-]*:\/|:\/\/|^\s*file:/i;
const partitioners = new Set(['default', 'fixed', 'round-robin']);

/** Why a hint may not set this; null when it may. */
export function refuseHintOption({ key, value }: SqlOption, rules: OptionRules): string | null {
  if (!hintKeys.test(key)) {
    return `The hint sets '${key}'. Hints may set scan.*, sink.parallelism, number-of-rows, rows-per-second and fields.*; put other options into a table of your own.`;
  }
  return refusePath(key, value, rules.paths);
}

/** Why a table of a client's own may not have this option; null when it may. */
export function refuseTableOption({ key, value }: SqlOption, rules: OptionRules): string | null {
  if (key === 'connector') return refuseConnector(value, rules.connectors);
  if (key.startsWith('properties.')) return refuseKafkaProperty(key.slice('properties.'.length), value, rules);
  if (key === 'sink.partitioner') {
    if (partitioners.has(value)) return null;
    return `'${key}' = '${value}' names a class. Allowed are ${[...partitioners].join(', ')}.`;
  }
  if (key === 'sink.transactional-id-prefix' && value.startsWith('sluice-')) {
    return `'${key}' = '${value}' could be that of a view. Choose one that does not begin with "sluice-".`;
  }
  if (dangerous.test(key)) {
    return `'${key}' may name code, files or credentials, and is not allowed in a table of your own.`;
  }
  return refusePath(key, value, rules.paths);
}

/** Why a table of a client's own may not have this connector; null when it may. */
export function refuseConnector(value: string, connectors: readonly string[]): string | null {
  if (connectors.includes(value)) return null;
  const list = connectors.join(', ') || 'none';
  return `The connector '${value}' is not allowed on this gateway. Allowed are ${list} (SLUICE_SQL_CONNECTORS).`;
}

function refuseKafkaProperty(name: string, value: string, { bootstrapServers }: OptionRules): string | null {
  if (!kafkaProperties.has(name)) {
    return `'properties.${name}' is not allowed in a table of your own. To connect as the gateway does, use LIKE \`source\`.<topic> or \`sink\`.<topic>, which has all settings.`;
  }
  if (name !== 'bootstrap.servers') return null;
  const known = new Set(toBrokers(bootstrapServers));
  if (toBrokers(value).every((broker) => known.has(broker))) return null;
  return `'properties.bootstrap.servers' = '${value}' are not the brokers of this gateway. Use '${bootstrapServers}'.`;
}

/** The names of this machine count as one. */
function toBrokers(list: string): readonly string[] {
  return list.split(',').map((broker) => {
    return broker
      .trim()
      .toLowerCase()
      .replace(/^(?:[a-z_0-9]+:\/\/)?(?:localhost|\[::1\]):/, '127.0.0.1:');
  });
}

function refusePath(key: string, value: string, paths: readonly string[]): string | null {
  if (!pathKey.test(key) && !address.test(value)) return null;
  if (!isTricky(value) && paths.some((prefix) => isBelow(value, prefix))) return null;
  const list = paths.join(', ') || 'none';
  return `'${key}' = '${value}' is a path or an address. Allowed are those below: ${list} (SLUICE_SQL_PATHS).`;
}

/** What could lead out of an allowed folder again. */
function isTricky(value: string): boolean {
  return /(?:^|[/\\])\.\.(?:[/\\]|$)|[%\\\p{Cc}]/u.test(value) || value.split('://').length > 2;
}

function isBelow(value: string, prefix: string): boolean {
  if (!value.startsWith(prefix)) return false;
  return prefix.endsWith('/') || value.length === prefix.length || value.charAt(prefix.length) === '/';
}
