import avsc from 'avsc';
import protobuf from 'protobufjs';
import { type Codec, createCodec, declaredSchema, type Node } from '#codec';
import { parseModel, type Source } from '#model';
import { type Line, median } from './report.ts';

/** Before a value with a schema: a zero and the schema's id. */
const frameBytes = 5;
const recordCount = 1000;
const rounds = 15;
const roundMs = 60;

const declaration = (format: string) => `type Click @stream(format: ${format}) {
  userId: ID!
  url: String!
  clickedAt: DateTime! @eventTime
  count: Int
  price: Float
  referrer: String
  isMobile: Boolean!
}`;

/** One format: our codec, and what the library alone makes of the same records. */
interface Compared {
  readonly format: string;
  readonly library: string;
  readonly codec: Codec;
  readonly values: readonly Buffer[];
  readonly decode: (value: Buffer) => unknown;
  /** Encodes the record of that index, from the form that the library itself takes. */
  readonly encode: (index: number) => Buffer;
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
    library: 'JSON.parse, JSON.stringify',
    codec,
    values,
    decode: (value) => JSON.parse(value.toString()),
    encode: (index) => Buffer.from(JSON.stringify(plain[index])),
  };
}

function compareAvro(nodes: readonly Node[]): Compared {
  const { codec, schema, values } = withSchema('AVRO', nodes);
  const type = avsc.Type.forSchema(JSON.parse(schema.text));
  const plain: unknown[] = values.map((value) => type.fromBuffer(value.subarray(frameBytes)));
  return {
    format: 'Avro',
    library: 'avsc, times as numbers',
    codec,
    values,
    decode: (value) => type.fromBuffer(value.subarray(frameBytes)),
    encode: (index) => type.toBuffer(plain[index]),
  };
}

function compareProtobuf(nodes: readonly Node[]): Compared {
  const { codec, schema, values } = withSchema('PROTOBUF', nodes);
  const { root } = protobuf.parse(schema.text);
  root.addJSON(protobuf.common.get('google/protobuf/timestamp.proto')?.nested ?? {});
  const type = root.lookupType('Click');
  // Behind the schema's id, one byte says that the first message type is meant.
  const plain = values.map((value) => type.decode(value.subarray(frameBytes + 1)));
  return {
    format: 'Protobuf',
    library: 'protobufjs, times as messages',
    codec,
    values,
    decode: (value) => type.decode(value.subarray(frameBytes + 1)),
    encode: (index) => Buffer.from(type.encode(plain[index] ?? {}).finish()),
  };
}

/** A format with a registry that has just the declared schema. */
function withSchema(format: 'AVRO' | 'PROTOBUF', nodes: readonly Node[]) {
  const source = sourceOf(format);
  const schema = declaredSchema(source);
  const codec = createCodec(source, { byId: () => schema, writer: { id: 1, schema } });
  return { codec, schema, values: nodes.map((node) => codec.encode(node)) };
}

function compare(
  { format, library, codec, values, decode, encode }: Compared,
  nodes: readonly Node[],
): readonly Line[] {
  const decoded = inTurns(
    () => values.forEach((value) => void keep(codec.decode(value))),
    () => values.forEach((value) => void keep(decode(value))),
  );
  const encoded = inTurns(
    () => nodes.forEach((node) => void keep(codec.encode(node))),
    () => nodes.forEach((_, index) => void keep(encode(index))),
  );
  const line = { unit: 'records/s', baselineIs: library, compared: 'ratio', target: { atLeast: 0.8 } } as const;
  const bytes = Math.round(values.reduce((sum, value) => sum + value.length, 0) / values.length);
  const note = `records of ${bytes} B and 7 fields, checked against their declaration; the baseline checks nothing`;
  return [
    { what: `decode ${format}`, ...line, ...decoded, note },
    { what: `encode ${format}`, ...line, ...encoded },
  ];
}

/** Records per second of both, the medians of rounds in which they take turns. */
function inTurns(sluice: () => void, baseline: () => void): { readonly sluice: number; readonly baseline: number } {
  const figures: Record<'sluice' | 'baseline', number[]> = { sluice: [], baseline: [] };
  for (let round = -3; round < rounds; round += 1) {
    for (const [name, work] of Object.entries({ sluice, baseline })) {
      const perSecond = measure(work);
      // Both compile their hot code in the first rounds.
      if (round >= 0) figures[name as 'sluice' | 'baseline'].push(perSecond);
    }
  }
  return { sluice: median(figures.sluice), baseline: median(figures.baseline) };
}

/** Per second of this process's processor time, which others on the machine do not change. */
function measure(work: () => void): number {
  const started = process.cpuUsage();
  let runs = 0;
  let ms = 0;
  while (ms < roundMs) {
    for (let turn = 0; turn < 10; turn += 1) work();
    runs += 10;
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
