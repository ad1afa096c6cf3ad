/** The types a directive's argument may have; `Duration` is a string on paper. */
export type ArgumentType = 'String' | '[String!]' | 'Int' | 'Duration' | keyof typeof argumentEnums;

interface ArgumentSpec {
  readonly type: ArgumentType;
  readonly description: string;
  /** As printed in SDL. What is derived from the type's name is told in the description instead. */
  readonly default?: string;
}

interface DirectiveSpec {
  readonly on: 'OBJECT' | 'FIELD_DEFINITION';
  readonly description: string;
  readonly arguments: Readonly<Record<string, ArgumentSpec>>;
}

/** The enums of directive arguments, each value with what it does. */
export const argumentEnums = {
  Format: {
    JSON: 'One JSON object a record.',
    AVRO: 'Avro with a schema registry.',
    PROTOBUF: 'Protobuf with a schema registry.',
    JSON_SCHEMA: 'JSON with a schema registry.',
    RAW: 'The bytes of one String or Bytes field, nothing around them.',
  },
  KeyFormat: {
    STRING: 'The plain text of the one key field, as string serializers write it.',
    LONG: 'The integer of the one key field in 8 bytes, as long serializers write it.',
    JSON: 'A JSON object of the key fields.',
    AVRO: 'Avro with a schema registry.',
  },
  Cleanup: {
    DELETE: 'Records are deleted when the retention is over.',
    COMPACT: 'The newest record of each key is kept: a table.',
  },
  SourceKind: { KAFKA: 'A Kafka topic.', REDIS: 'A channel, a pattern or a stream of Redis.' },
  OnBadRecord: {
    REPORT: 'A record that does not decode appears as an edge with an error.',
    SKIP: 'It is left out and counted.',
    DEAD_LETTER: 'It is left out and counted, and copied to the dead letter topic.',
  },
  StartFrom: { EARLIEST: 'From the oldest record there is.', LATEST: 'From what arrives after its start.' },
  Guarantee: {
    AT_LEAST_ONCE: 'Rows appear at once; after a failure some may come twice.',
    EXACTLY_ONCE: 'Rows are written in Kafka transactions and appear at checkpoints.',
  },
  RunMode: {
    ALWAYS: 'From the start of the gateway on.',
    ON_DEMAND: 'While somebody subscribes to it, or to a view that reads it.',
  },
} as const satisfies Record<string, Record<string, string>>;

const topicArguments = {
  topic: {
    type: 'String',
    description: 'The Kafka topic and SQL table. Default: the plural of the type in snake_case.',
  },
  key: { type: '[String!]', description: 'The fields whose values are the record key, in order. Default: no key.' },
  partitions: { type: 'Int', description: 'Partitions of the topic when it is created.', default: '4' },
  retention: {
    type: 'Duration',
    description: 'How long records are kept, when the topic is created.',
    default: '"P7D"',
  },
  plural: { type: 'String', description: 'The root field. Default: the plural of the type in camelCase.' },
} as const satisfies Record<string, ArgumentSpec>;

/** Every directive of a declaration, its place and arguments. `schema/directives.graphql` is printed from this. */
export const directiveSpecs: ReadonlyMap<string, DirectiveSpec> = new Map(
  Object.entries({
    stream: {
      on: 'OBJECT',
      description: 'A stream: clients produce and read its records.',
      arguments: {
        ...topicArguments,
        format: { type: 'Format', description: "How a record's value is written.", default: 'JSON' },
        keyFormat: {
          type: 'KeyFormat',
          description: "How a record's key is written. Default: STRING for a key of one field, JSON for several.",
        },
        cleanup: {
          type: 'Cleanup',
          description: 'What becomes of old records. COMPACT needs a key.',
          default: 'DELETE',
        },
        source: { type: 'SourceKind', description: 'Where the stream lives.', default: 'KAFKA' },
        channel: { type: 'String', description: 'Of REDIS: the pub/sub channel. It keeps nothing.' },
        pattern: { type: 'String', description: 'Of REDIS: a pattern of channels, such as `news.*`. Read only.' },
        stream: { type: 'String', description: 'Of REDIS: the key of a Redis Stream (XADD, XREAD).' },
        into: {
          type: 'String',
          description:
            'Of REDIS: the Kafka topic, and table in SQL, that what comes is copied to. `key`, `partitions` and `retention` are then of that topic.',
        },
        onBadRecord: {
          type: 'OnBadRecord',
          description: 'What becomes of a record that does not decode.',
          default: 'REPORT',
        },
        deadLetterTopic: {
          type: 'String',
          description: 'Where DEAD_LETTER copies records to. Default: the topic with `.dlq`.',
        },
      },
    },
    view: {
      on: 'OBJECT',
      description: 'A view: the result of one Flink SQL SELECT, kept up to date by one job. With a key it is a table.',
      arguments: {
        sql: { type: 'String', description: 'The SELECT. Give this or `file`.' },
        file: { type: 'String', description: 'A .sql file beside this one that holds the SELECT.' },
        ...topicArguments,
        parallelism: { type: 'Int', description: "The job's parallelism. Default: the cluster's." },
        stateTtl: { type: 'Duration', description: 'Forget state not touched for so long. Default: never.' },
        from: { type: 'StartFrom', description: 'Where its job starts to read.', default: 'EARLIEST' },
        guarantee: { type: 'Guarantee', description: 'What a failure may do to the result.', default: 'AT_LEAST_ONCE' },
        run: { type: 'RunMode', description: 'When its job runs.', default: 'ALWAYS' },
      },
    },
    eventTime: {
      on: 'FIELD_DEFINITION',
      description:
        "The DateTime field of a stream that says when an event happened. Without it, the record's timestamp says so.",
      arguments: { delay: { type: 'Duration', description: 'How late an event may be.', default: '"PT0S"' } },
    },
    column: {
      on: 'FIELD_DEFINITION',
      description: 'The name of a field in SQL and in the record. Default: the field in snake_case.',
      arguments: { name: { type: 'String', description: 'The column.' } },
    },
  } satisfies Record<string, DirectiveSpec>),
);

const scalarDescriptions = {
  BigInt: 'A 64-bit integer: a string over GraphQL, a number in the record. BIGINT in SQL.',
  DateTime: 'An instant, ISO 8601 with `Z`. TIMESTAMP_LTZ(3) in SQL.',
  Date: 'A calendar date, `2026-01-31`. DATE in SQL.',
  Time: 'A time of day to the second, `13:45:00`. TIME(0) in SQL.',
  Decimal: 'An exact decimal number. DECIMAL(38, 9) in SQL.',
  Bytes: 'Bytes, base64 in JSON. BYTES in SQL.',
  JSON: 'Any JSON value. STRING in SQL: its text.',
  Duration: 'An ISO 8601 duration, such as `P7D` or `PT0.5S`. For directives only.',
};

/** The text of `schema/directives.graphql`: what editors need to understand the declarations. */
export function printDirectives(): string {
  const scalars = Object.entries(scalarDescriptions).map(([name, text]) => `"${text}"\nscalar ${name}`);
  const enums = Object.entries(argumentEnums).map(([name, values]) => {
    const lines = Object.entries(values).map(([value, text]) => `  "${text}"\n  ${value}`);
    return `enum ${name} {\n${lines.join('\n')}\n}`;
  });
  const definitions = [...directiveSpecs].map(([name, spec]) => {
    const lines = Object.entries(spec.arguments).map(
      ([argument, { type, description, default: value }]) =>
        `  "${description}"\n  ${argument}: ${type}${value === undefined ? '' : ` = ${value}`}`,
    );
    return `"${spec.description}"\ndirective @${name}(\n${lines.join('\n')}\n) on ${spec.on}`;
  });
  const header =
    '# The directives of a declaration, for editors. Sluice itself does not read this file; a test holds it against the code.';
  return `${[header, ...definitions, ...enums, ...scalars].join('\n\n')}\n`;
}
