import { describe, expect, it } from 'vitest';
import { type DeclarationFile, parseModel, printFault } from '#model';

/** Every fault of one declaration, or of several files, as lines. */
function faultsOf(declaration: string | readonly DeclarationFile[]): readonly string[] {
  const files = typeof declaration === 'string' ? [{ file: 'schema/a.graphql', text: declaration }] : declaration;
  const parsed = parseModel(files);
  return parsed.ok ? [] : parsed.faults.map(printFault);
}

const clicks = 'type Click @stream(topic: "clicks", key: ["id"]) { id: ID! url: String at: DateTime }\n';
const view = (sql: string) => `${clicks}type V @view(sql: ${JSON.stringify(sql)}) { id: ID! }`;

/** Title, declaration, and the beginning of the one fault it has. */
const table: readonly (readonly [title: string, declaration: string | readonly DeclarationFile[], fault: string])[] = [
  ['a syntax error', 'type Click {', 'schema/a.graphql:1:13  Syntax Error: Expected Name, found <EOF>.'],
  [
    'an unknown directive',
    'type A @streem { a: Int }\ntype B @stream { a: A }',
    'schema/a.graphql:1:8  Unknown directive "@streem". Did you mean "stream"?',
  ],
  [
    'an unknown argument',
    'type A @stream(topik: "x") { a: Int }',
    '1:16  @stream has no argument "topik". Did you mean "topic"? Allowed are "topic", "key",',
  ],
  [
    'an argument given twice',
    'type A @stream(topic: "x", topic: "y") { a: Int }',
    '1:28  Argument "topic" of @stream is given twice.',
  ],
  [
    'a String argument of another type',
    'type A @stream(topic: 5) { a: Int }',
    '1:23  Argument "topic" of @stream has a wrong value. Write a string',
  ],
  [
    'an Int argument of another type',
    'type A @stream(partitions: "4") { a: Int }',
    '1:28  Argument "partitions" of @stream has a wrong value. Write a whole number of 1 or more.',
  ],
  [
    'no partition',
    'type A @stream(partitions: 0) { a: Int }',
    '1:28  Argument "partitions" of @stream has a wrong value. Write a whole number of 1 or more.',
  ],
  [
    'an enum argument in quotes',
    'type A @stream(format: "JSON") { a: Int }',
    '1:24  Argument "format" of @stream has a wrong value. Write JSON or AVRO',
  ],
  [
    'a key that is no list of texts',
    'type A @stream(key: [1]) { a: Int! }',
    '1:21  Argument "key" of @stream has a wrong value. Write a list of field names',
  ],
  [
    'a retention that is no duration',
    'type A @stream(retention: "7 days") { a: Int }',
    '1:27  Argument "retention" of @stream has a wrong value. Write an ISO 8601 duration',
  ],
  ['a retention of nothing', 'type A @stream(retention: "PT0S") { a: Int }', '1:27  A retention of nothing'],
  [
    'a delay in months',
    'type A @stream { a: DateTime @eventTime(delay: "P1M") }',
    '1:48  Argument "delay" of @eventTime has a wrong value.',
  ],
  [
    'a delay beyond what Flink can wait',
    'type A @stream { a: DateTime @eventTime(delay: "P100D") }',
    '1:48  The delay is longer than Flink can wait.',
  ],
  [
    'a directive on a field that belongs on a type',
    'type A @stream { a: Int @view }',
    '1:25  @view cannot stand on the field "a". It belongs on a type.',
  ],
  [
    'a directive on a type that belongs on a field',
    'type A @stream @column { a: Int }',
    '1:16  @column cannot stand on the type "A". It belongs on a field of a type.',
  ],
  [
    'a directive on an enum',
    'type A @stream { a: E }\nenum E @stream { X }',
    '2:8  @stream cannot stand on the enum "E".',
  ],
  ['a directive twice', 'type A @stream @stream { a: Int }', '1:16  @stream stands twice on the type "A".'],
  [
    'an event time that is no DateTime',
    'type A @stream { a: Int @eventTime }',
    '1:25  @eventTime stands on "a", which is no DateTime.',
  ],
  [
    'two event times',
    'type A @stream { a: DateTime @eventTime b: DateTime @eventTime }',
    '1:53  @eventTime stands on "b" and on "a".',
  ],
  [
    'an event time in a view',
    `${clicks}type V @view(sql: "SELECT * FROM clicks") { at: DateTime @eventTime }`,
    '2:58  @eventTime cannot stand in a view (field "at").',
  ],
  [
    'an event time in a nested type',
    'type A @stream { n: N }\ntype N { at: DateTime @eventTime }',
    '2:23  @eventTime cannot stand in the nested type "N" (field "at").',
  ],
  [
    '@stream and @view on one type',
    'type A @stream @view(sql: "SELECT * FROM as") { a: Int }',
    '1:16  The type "A" has both @stream and @view.',
  ],
  ['a type that nothing uses', `${clicks}type N { a: Int }`, '2:6  The type "N" is used by nothing.'],
  ['an enum that nothing uses', `${clicks}enum N { X }`, '2:6  The enum "N" is used by nothing.'],
  [
    'a nested type that contains itself',
    'type A @stream { n: N }\ntype N { a: [M] }\ntype M { n: N! }',
    '3:13  The nested type "N" contains itself (N → M → N).',
  ],
  [
    'a stream as the type of a field',
    `${clicks}type B @stream { c: Click }`,
    '2:21  "Click" is a stream or view and cannot be the type of a field.',
  ],
  [
    'an unknown field type',
    'type A @stream { a: Strin }',
    '1:21  Unknown type "Strin". Did you mean "String"? Scalars are ID, String,',
  ],
  [
    'a field type with no Flink type',
    'type A @stream { a: UUID! }',
    '1:21  The type "UUID" has no Flink type. Write ID.',
  ],
  [
    'a key that is no field',
    'type A @stream(key: ["userid"]) { userId: ID! }',
    '1:21  The key names "userid", which is no field of "A". Did you mean "userId"? Its fields are userId.',
  ],
  ['a key that names a field twice', 'type A @stream(key: ["a", "a"]) { a: ID! }', '1:21  The key names "a" twice.'],
  [
    'a key field that may be null',
    'type A @stream(key: ["a"]) { a: ID }',
    '1:21  The key field "a" may be null. Declare it with "!".',
  ],
  [
    'a key of a list',
    'type A @stream(key: ["a"]) { a: [ID!]! }',
    '1:21  The key field "a" has a type that has no single text form.',
  ],
  [
    'a key of an object',
    'type A @stream(key: ["a"]) { a: N! }\ntype N { x: Int }',
    '1:21  The key field "a" has a type that has no single text form.',
  ],
  [
    'a lone DateTime as key',
    'type A @stream(key: ["a"]) { a: DateTime! }',
    '1:21  The key field "a" has a type that has no single text form.',
  ],
  [
    'two types on one topic',
    `${clicks}type B @stream(topic: "clicks") { a: Int }`,
    '2:23  "Click" and "B" are both on the topic "clicks".',
  ],
  [
    'two types of one plural',
    `${clicks}type B @stream(plural: "clicks") { a: Int }`,
    '2:24  "Click" and "B" both have the root field "clicks".',
  ],
  [
    'two plurals that would make one mutation',
    `${clicks}type B @stream(plural: "Clicks") { a: Int }`,
    '2:24  "Click" and "B" have root fields, "clicks" and "Clicks", that differ in the first letter\'s case only.',
  ],
  [
    'a plural that the API needs',
    'type Sluice @stream(plural: "jobs") { a: Int }',
    '1:29  The root field "jobs" is reserved',
  ],
  ['a plural that is no name', 'type A @stream(plural: "my-as") { a: Int }', '1:24  "my-as" cannot be a root field.'],
  ['a reserved field name', 'type A @stream { record: Int }', '1:18  The field name "record" is reserved'],
  ['a reserved type name', 'type Mutation @stream { a: Int }', '1:6  The name "Mutation" is reserved'],
  [
    'the name of a scalar',
    'type A @stream { a: Int }\ntype DateTime @stream { a: Int }',
    '2:6  The name "DateTime" is reserved',
  ],
  [
    'a type name that the API would make',
    'type ClickFilter @stream { a: Int }',
    '1:6  Names that end in "Filter" are reserved',
  ],
  [
    'a field of a nested type that its filter needs',
    'type A @stream { b: B }\ntype B { isNull: Boolean }',
    '2:10  The field name "isNull" is reserved',
  ],
  [
    'an enum name that the API would make',
    'type A @stream { a: CoatComparison }\nenum CoatComparison { X }',
    '2:6  Names that end in "Comparison" are reserved',
  ],
  [
    'a type name of which the API would make one that it has',
    'type A @stream { a: Header }\ntype Header { b: Int }',
    '2:6  The name "Header" is reserved: the API has a type "HeaderFilter"',
  ],
  [
    'a reserved enum name',
    'type A @stream { a: Operation }\nenum Operation { X }',
    '2:6  The name "Operation" is reserved',
  ],
  ["a name of GraphQL's own", 'type A @stream { a: __N }\ntype __N { a: Int }', '2:6  "__N" begins with "__"'],
  [
    'a type declared twice',
    [
      { file: 'a.graphql', text: clicks },
      { file: 'b.graphql', text: 'enum Click { X }' },
    ],
    'b.graphql:1:6  "Click" is declared twice; first at a.graphql:1.',
  ],
  ['a field declared twice', 'type A @stream { a: Int a: Int }', '1:25  The field "a" is declared twice in "A".'],
  [
    'two fields of one column',
    'type A @stream { userId: Int user_id: Int }',
    '1:30  The fields "userId" and "user_id" have the same column "user_id".',
  ],
  ['a column of every stream', 'type A @stream { recordTime: Int }', '1:18  The column "record_time" is reserved'],
  [
    'a column of every stream by name',
    'type A @stream { a: Int @column(name: "proctime") }',
    '1:39  The column "proctime" is reserved',
  ],
  [
    'a column that Flink cannot name',
    'type A @stream { a: Int @column(name: "a;b") }',
    '1:39  "a;b" cannot be a column.',
  ],
  ['a topic that Kafka cannot name', 'type A @stream(topic: "a b") { a: Int }', '1:23  "a b" cannot be a Kafka topic.'],
  ['a type without fields', 'type A @stream', '1:6  The type "A" has no fields.'],
  ['a field with arguments', 'type A @stream { a(b: Int): Int }', '1:20  The field "a" has an argument.'],
  [
    'an interface',
    `${clicks}interface I { a: Int }`,
    '2:1  An interface cannot stand here. A declaration holds types ("type") and enums ("enum") only.',
  ],
  ['a type with an interface', 'type A implements I @stream { a: Int }', '1:19  "A" implements "I".'],
  ['a union', `${clicks}union U = Click`, '2:1  A union cannot stand here.'],
  ['an input', `${clicks}input I2 { a: Int }`, '2:1  An input type (they are made from the types) cannot stand here.'],
  ['a scalar', `${clicks}scalar X`, '2:1  A scalar cannot stand here.'],
  ['an extension', `${clicks}extend type Click { b: Int }`, '2:1  An "extend" cannot stand here.'],
  ['an operation', `${clicks}query { a }`, '2:1  An operation cannot stand here.'],
  [
    'a compacted stream without key',
    'type A @stream(cleanup: COMPACT) { a: Int }',
    '1:25  A COMPACT stream needs a key.',
  ],
  [
    'a RAW stream of two fields',
    'type A @stream(format: RAW) { a: String b: String }',
    '1:24  A RAW stream has exactly one field',
  ],
  [
    'a dead letter topic without dead letters',
    'type A @stream(deadLetterTopic: "d") { a: Int }',
    '1:33  A dead letter topic is for onBadRecord: DEAD_LETTER.',
  ],
  [
    'a dead letter topic that cannot be one',
    'type A @stream(onBadRecord: DEAD_LETTER, deadLetterTopic: "a b") { a: Int }',
    '1:59  "a b" cannot be a Kafka topic.',
  ],
  [
    'dead letters that go round',
    'type A @stream(onBadRecord: DEAD_LETTER, deadLetterTopic: "as") { a: Int }',
    '1:6  The dead letters of "A" go to "as", the topic of "A", which has dead letters itself.',
  ],
  ['a RAW stream of a number', 'type A @stream(format: RAW) { a: Int }', '1:24  A RAW stream has exactly one field'],
  [
    'a Redis stream without a place',
    'type A @stream(source: REDIS) { a: Int }',
    '1:24  The stream names no place in Redis.',
  ],
  [
    'a Redis stream with two places',
    'type A @stream(source: REDIS, channel: "a", stream: "b") { a: Int }',
    '1:24  The stream names 2 places in Redis.',
  ],
  [
    'a place in Redis of a Kafka stream',
    'type A @stream(channel: "a") { a: Int }',
    '1:25  "channel" is a place in Redis.',
  ],
  [
    'a key in Redis',
    'type A @stream(source: REDIS, channel: "a", key: ["a"]) { a: ID! }',
    '1:50  "key" is for Kafka topics.',
  ],
  [
    'the retention of a channel',
    'type A @stream(source: REDIS, channel: "a", retention: "P1D") { a: ID! }',
    '1:56  A channel keeps nothing.',
  ],
  [
    'a format in Redis that has a registry',
    'type A @stream(source: REDIS, stream: "a", format: AVRO) { a: ID! }',
    '1:52  format: AVRO is for Kafka topics.',
  ],
  [
    'two types on one channel',
    'type A @stream(source: REDIS, channel: "a") { a: ID! } type B @stream(source: REDIS, channel: "a") { a: ID! }',
    'both on the topic "channel:a"',
  ],
  [
    'a view of a channel',
    'type A @stream(source: REDIS, channel: "news") { a: ID! } type B @view(sql: "SELECT a FROM news") { a: ID! }',
    '1:92  "news" is declared with source: REDIS, and Flink reads Kafka alone.',
  ],
  [
    'a view of a channel that is copied, by its name in Redis',
    'type A @stream(source: REDIS, channel: "news", into: "news_log") { a: ID! } type B @view(sql: "SELECT a FROM news") { a: ID! }',
    '1:110  "news" lies in Redis, and Flink reads Kafka alone. It is copied to "news_log": name that.',
  ],
  [
    'a copy of a Kafka stream',
    'type A @stream(into: "b") { a: ID! }',
    '1:22  "into" copies what comes in Redis to a Kafka topic. Add source: REDIS',
  ],
  [
    'a copy into what is no topic',
    'type A @stream(source: REDIS, channel: "a", into: "b c") { a: ID! }',
    '1:51  "b c" cannot be a Kafka topic.',
  ],
  [
    'a copy into the topic of another stream',
    'type A @stream(source: REDIS, channel: "a", into: "bs") { a: ID! } type B @stream { b: ID! }',
    '1:51  "A" is copied into the topic "bs", which is that of "B". A topic has one type;',
  ],
  [
    'two copies into one topic',
    'type A @stream(source: REDIS, channel: "a", into: "c") { a: ID! } type B @stream(source: REDIS, channel: "b", into: "c") { a: ID! }',
    '"B" is copied into the topic "c", which is that of "A".',
  ],
  [
    'a copy that would be a table',
    'type A @stream(source: REDIS, channel: "a", into: "b", key: "a", cleanup: COMPACT) { a: ID! }',
    '1:75  "cleanup" is for Kafka topics. Nothing in Redis is compacted.',
  ],
  [
    'a key of a copy that is no field',
    'type A @stream(source: REDIS, channel: "a", into: "b", key: "c") { a: ID! }',
    '1:61  The key names "c", which is no field of "A".',
  ],
  ['a key format without a key', 'type A @stream(keyFormat: LONG) { a: BigInt! }', '1:27  A key format needs a key.'],
  [
    'a LONG key that is no BigInt',
    'type A @stream(key: "a", keyFormat: LONG) { a: Int! }',
    '1:37  keyFormat: LONG is for a key field of type BigInt.',
  ],
  [
    'a STRING key of several fields',
    'type A @stream(key: ["a", "b"], keyFormat: STRING) { a: ID! b: ID! }',
    '1:44  keyFormat: STRING is for a key of one field.',
  ],
  ['a view without SQL', `${clicks}type V @view { a: Int }`, '2:8  The view "V" has no SQL.'],
  [
    'a view with SQL twice',
    `${clicks}type V @view(sql: "SELECT * FROM clicks", file: "v.sql") { a: Int }`,
    '2:49  The view "V" has both "sql" and "file".',
  ],
  [
    'a file that does not exist',
    [
      { file: 's/a.graphql', text: `${clicks}type V @view(file: "vv.sql") { a: Int }` },
      { file: 's/v.sql', text: '' },
    ],
    's/a.graphql:2:20  The file "vv.sql" does not exist. Did you mean "v.sql"?',
  ],
  ['an INSERT', view('INSERT INTO x SELECT * FROM clicks'), '2:20  The SQL begins with "INSERT".'],
  [
    'an INSERT behind a comment',
    view("/* SELECT */ -- '\n INSERT INTO x SELECT * FROM clicks"),
    'The SQL begins with "INSERT".',
  ],
  ['two statements', view('SELECT 1 FROM clicks; SELECT 2'), '2:42  A second statement begins here.'],
  [
    'SQL that closes a parenthesis of ours',
    view('SELECT 1 FROM clicks) UNION (SELECT 2'),
    '2:40  This ")" closes nothing.',
  ],
  ['SQL that leaves one open', view('SELECT (1 FROM clicks'), '2:27  This "(" is never closed.'],
  ['a text that does not end', view("SELECT 'a FROM clicks"), '2:27  A text that begins here is never closed.'],
  [
    'a comment that does not end',
    view('SELECT 1 FROM clicks /* a'),
    '2:41  A comment that begins here is never closed.',
  ],
  ['no SQL at all', view(' -- nothing'), '2:20  The SQL is empty.'],
  ['a WITH without SELECT', view('WITH a'), '2:20  The WITH has no SELECT.'],
  ['a view that reads nothing', view('SELECT 1'), '2:20  The SQL reads no stream.'],
  [
    'a view that reads an unknown topic',
    view('SELECT * FROM clics'),
    '2:34  No stream or view has the topic "clics". Did you mean "clicks"? Declared are clicks, vs.',
  ],
  [
    'a view that names a database',
    view('SELECT * FROM sink.clicks'),
    '2:34  "sink.clicks" names a catalog or database.',
  ],
  [
    'a topic with a dot without quotes',
    'type A @stream(topic: "a.b") { a: Int }\ntype V @view(sql: "SELECT * FROM a.b") { a: Int }',
    '2:34  "a.b" is read as a table "b" in "a". Put the topic between backticks',
  ],
  [
    'a place in a block of SQL',
    `${clicks}type V @view(sql: """\n    SELECT *\n      FROM clics\n  """) { a: Int }`,
    '4:12  No stream or view has the topic "clics".',
  ],
  [
    'a place in a file of SQL',
    [
      { file: 's/a.graphql', text: `${clicks}type V @view(file: "v.sql") { a: Int }` },
      { file: 's/v.sql', text: 'SELECT *\nFROM clics' },
    ],
    's/v.sql:2:6  No stream or view has the topic "clics".',
  ],
  [
    'a view that reads itself',
    `${clicks}type V @view(sql: "SELECT * FROM vs") { id: ID! }`,
    '2:20  Views read each other in a round: V → V.',
  ],
  [
    'views that read each other',
    'type V @view(sql: "SELECT * FROM ws") { a: Int }\ntype W @view(sql: "SELECT * FROM vs") { a: Int }',
    '1:20  Views read each other in a round: V → W → V.',
  ],
];

describe('a declaration fault', () => {
  it.each(table)('is told for %s', (_title, declaration, fault) => {
    const faults = faultsOf(declaration);
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain(fault);
  });

  it('is told for every file at once, in order, also when several have syntax errors', () => {
    const faults = faultsOf([
      { file: 'b.graphql', text: 'type {' },
      { file: 'a.graphql', text: 'type Click @stream(partitions: 0, topik: "x") { and: Int not: Strin }' },
      { file: 'c.graphql', text: 'nonsense' },
    ]);
    expect(faults.map((fault) => fault.split('  ')[0])).toEqual([
      'a.graphql:1:32',
      'a.graphql:1:35',
      'a.graphql:1:49',
      'a.graphql:1:58',
      'b.graphql:1:6',
      'c.graphql:1:1',
    ]);
  });

  it('is not invented for what may stand in a file that does not parse', () => {
    const files = [
      {
        file: 'a.graphql',
        text: 'type A @stream { a: Unknown }\ntype V @view(sql: "SELECT * FROM elsewhere") { a: Int }\nenum E { X }',
      },
      { file: 'b.graphql', text: 'type' },
    ];
    expect(faultsOf(files)).toEqual([expect.stringContaining('b.graphql:1:5')]);
  });
});
