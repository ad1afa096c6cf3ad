import avsc from 'avsc';
import protobuf from 'protobufjs';
import { type Codec, createCodec, declaredSchema, type Node } from '#codec';
import { parseModel, type Source } from '#model';
import type { Line } from './report.ts';

/** Before a value with a schema: a zero and the schema's id. */
const frameBytes = 5;
const recordCount = 1000;
/** Many and short: see {@link inTurns}. */
const rounds = 61;
const warmUpRounds = 12;
const roundMs = 15;

const declaration = (format: string) => `type Click @stream(format: ${format}) {
  userId: ID!
  url: String!
  clickedAt: DateTime! @eventTime
  count: Int
  price: Float
  referrer: String
  isMobile: Boolean!
}`;

/** What a library does with the records. */
interface Baseline {
  readonly library: string;
  readonly decode: (value: Buffer) => unknown;
  /** Encodes the record of that index. */
  readonly encode: (index: number) => Buffer;
}

/** One format: our codec, and what the library makes of the same records. */
interface Compared {
  readonly format: string;
  readonly codec: Codec;
  readonly values: readonly Buffer[];
  /** The library alone, from and to the form that it has itself. */
  readonly bare: Baseline;
  /** The library, and the conversion without which it has not the values that ours gives and takes; null: it has them. */
  readonly converting: Baseline | null;
}

/** Records per second of our codecs against the libraries under them, in one process, in turns. Needs no Kafka. */
export async function measureCodecs(): Promise<readonly Line[]> {
  const nodes = Array.from({ length: recordCount }, (_, index) => clickOf(index));
  return [compareJson(nodes), compareAvro(nodes), compareProtobuf(nodes)].flatMap((compared) =>
    compare(compared, nodes),
  );
}

function compareJson(nodes: readonly Node[]): Compared {
  const codec = createCodec(sourceOf('JSON'));
  const values = nodes.map((node) => codec.encode(node));
  const plain: unknown[] = values.map((value) => JSON.parse(value.toString()));
  return {
    format: 'JSON',
    codec,
    values,
    bare: {
      library: 'JSON.parse, JSON.stringify',
      decode: (value) => JSON.parse(value.toString()),
      encode: (index) => Buffer.from(JSON.stringify(plain[index])),
    },
    converting: null,
  };
}

function compareAvro(nodes: readonly Node[]): Compared {
  const { codec, schema, values } = withSchema('AVRO', nodes);
  const type = avsc.Type.forSchema(JSON.parse(schema.text));
  const read = (value: Buffer) => type.fromBuffer(value.subarray(frameBytes));
  const plain = values.map((value): { clicked_at: unknown } => read(value));
  return {
    format: 'Avro',
    codec,
    values,
    bare: { library: 'avsc, times as numbers', decode: read, encode: (index) => type.toBuffer(plain[index]) },
    converting: {
      library: 'avsc and Date, times as text',
      decode(value) {
        const record = read(value);
        record.clicked_at = new Date(record.clicked_at).toISOString();
        return record;
      },
      encode(index) {
        const record = plain[index] ?? { clicked_at: null };
        record.clicked_at = Date.parse(String(nodes[index]?.clickedAt));
        return type.toBuffer(record);
      },
    },
  };
}

function compareProtobuf(nodes: readonly Node[]): Compared {
  const { codec, schema, values } = withSchema('PROTOBUF', nodes);
  const { root } = protobuf.parse(schema.text);
  root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {});
  const type = root.lookupType('Click');
  // Behind the schema's id, one byte says that the first message type is meant.
  const read = (value: Buffer) => type.decode(value.subarray(frameBytes + 1)) as { clickedAt?: unknown };
  const write = (message: object) => Buffer.from(type.encode(message).finish());
  const plain = values.map(read);
  return {
    format: 'Protobuf',
    codec,
    values,
    bare: {
      library: 'protobufjs, times as messages',
      decode: read,
      encode: (index) => write(plain[index] ?? {}),
    },
    converting: {
      library: 'protobufjs and Date, times as text',
      decode(value) {
        const message = read(value);
        const { seconds, nanos } = message.clickedAt as { seconds: unknown; nanos: number };
        message.clickedAt = new Date(Number(seconds) * 1000 + nanos / 1e6).toISOString();
        return message;
      },
      encode(index) {
        const message = plain[index] ?? {};
        const ms = Date.parse(String(nodes[index]?.clickedAt));
        message.clickedAt = { seconds: Math.floor(ms / 1000), nanos: (ms % 1000) * 1e6 };
        return write(message);
      },
    },
  };
}

/** A format with a registry that has just the declared schema. */
function withSchema(format: 'AVRO' | 'PROTOBUF', nodes: readonly Node[]) {
  const source = sourceOf(format);
  const schema = declaredSchema(source);
  const codec = createCodec(source, { byId: () => schema, writer: { id: 1, schema } });
  return { codec, schema, values: nodes.map((node) => codec.encode(node)) };
}

function compare({ format, codec, values, bare, converting }: Compared, nodes: readonly Node[]): readonly Line[] {
  const bytes = Math.round(values.reduce((sum, value) => sum + value.length, 0) / values.length);
  const records = `records of ${bytes} B and 7 fields, checked against their declaration; the baseline checks nothing`;
  const times = converting ? ', and leaves the times as the bytes have them' : '';
  const figures = { codec, values, nodes };
  return [
    ...linesOf(format, figures, bare).map((line) => ({ ...line, target: { atLeast: 0.8 }, note: records + times })),
    ...(converting ? linesOf(`${format}, times too`, figures, converting) : []),
  ];
}

/** Both directions against one baseline. */
function linesOf(
  what: string,
  { codec, values, nodes }: Pick<Compared, 'codec' | 'values'> & { readonly nodes: readonly Node[] },
  { library, decode, encode }: Baseline,
): readonly Line[] {
  const decoded = inTurns(
    () => values.forEach((value) => void keep(codec.decode(value))),
    () => values.forEach((value) => void keep(decode(value))),
  );
  const encoded = inTurns(
    () => nodes.forEach((node) => void keep(codec.encode(node))),
    () => nodes.forEach((_, index) => void keep(encode(index))),
  );
  const line = { unit: 'records/s', baselineIs: library, compared: 'ratio' } as const;
  return [
    { what: `decode ${what}`, ...line, ...decoded },
    { what: `encode ${what}`, ...line, ...encoded },
  ];
}

/**
 * Records per second of both, who take turns: those of the round with the middle ratio. What else the machine does slows
 * both halves of a round alike, so that ratios differ less between rounds than figures do.
 */
function inTurns(sluice: () => void, baseline: () => void): Round {
  const measured: Round[] = [];
  for (let round = -warmUpRounds; round < rounds; round += 1) {
    const figures = { sluice: measure(sluice), baseline: measure(baseline) };
    // Both compile their hot code in the first rounds.
    if (round >= 0) measured.push(figures);
  }
  const sorted = measured.toSorted((one, other) => ratioOf(one) - ratioOf(other));
  return sorted[Math.floor(sorted.length / 2)] ?? { sluice: Number.NaN, baseline: Number.NaN };
}

interface Round {
  readonly sluice: number;
  readonly baseline: number;
}

function ratioOf({ sluice, baseline }: Round): number {
  return sluice / baseline;
}

/** Per second of this process's processor time, which others on the machine do not change. */
function measure(work: () => void): number {
  const started = process.cpuUsage();
  let runs = 0;
  let ms = 0;
  while (ms < roundMs) {
    for (let turn = 0; turn < 4; turn += 1) work();
    runs += 4;
    const { user, system } = process.cpuUsage(started);
    ms = (user + system) / 1000;
  }
  return (1000 * runs * recordCount) / ms;
}

const kept: { made: unknown } = { made: null };

/** What is made must be made, or the compiler may leave it out. */
function keep(made: unknown): void {
  kept.made = made;
}

function sourceOf(format: string): Source {
  const parsed = parseModel([{ file: 'bench.graphql', text: declaration(format) }]);
  const source = parsed.ok ? parsed.model.sources[0] : undefined;
  if (!source) throw new Error('The declaration of the benchmark is wrong.');
  return source;
}

function clickOf(index: number): Node {
  return {
    userId: `user-${String(index).padStart(6, '0')}`,
    url: `https://example.com/products/${index}?utm_source=mail`,
    clickedAt: new Date(1_795_000_000_000 + index * 997).toISOString(),
    count: index,
    price: index * 1.25,
    referrer: index % 3 === 0 ? null : 'https://example.com/cart',
    isMobile: index % 2 === 0,
  };
}
