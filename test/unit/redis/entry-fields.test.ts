import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCodec } from '#codec';
import { parseModel } from '#model';
import { createEntryFields } from '../../../src/redis/entry-fields.ts';

const text = `
  enum Kind { RED GREEN }
  type Part { name: String! weight: Decimal }
  type Thing @stream(source: REDIS, stream: "things") {
    id: ID! int: Int big: BigInt float: Float flag: Boolean at: DateTime day: Date sum: Decimal
    bytes: Bytes any: JSON kind: Kind part: Part list: [String!]
  }
  type Line @stream(source: REDIS, channel: "lines", format: RAW) { line: String! }
`;
const parsed = parseModel([{ file: 'a.graphql', text }]);
if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
const [thing, line] = parsed.model.sources.filter((source) => source.kind === 'stream');
if (!thing || !line) throw new Error('Two streams were expected.');
const codec = createCodec(thing);
const fields = createEntryFields(thing);

/** As Redis gives back what XADD was given. */
function toEntry(written: readonly (string | Buffer)[]) {
  const pairs: [string, Buffer][] = [];
  for (let at = 0; at < written.length; at += 2) pairs.push([String(written[at]), Buffer.from(written[at + 1] ?? '')]);
  return { id: '1-1', fields: pairs };
}
const decode = (entry: Record<string, string | Buffer>) =>
  codec.decode(fields.toValue(toEntry(Object.entries(entry).flat())));

const nodes = fc.record(
  {
    id: fc.string(),
    int: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
    big: fc.bigInt(2n ** 53n, 2n ** 63n - 1n),
    float: fc.double({ noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
    flag: fc.boolean(),
    sum: fc.constantFrom('12345678901234567890.123456789', '0.5', '-7'),
    bytes: fc.uint8Array().map((bytes) => Buffer.from(bytes).toString('base64')),
    any: fc.dictionary(
      fc.string().filter((key) => key !== '__proto__'),
      fc.string(),
    ),
    kind: fc.constantFrom('RED', 'GREEN'),
    part: fc.record({ name: fc.string(), weight: fc.constantFrom('1.5', '98765432109876543210') }),
    list: fc.array(fc.string()),
  },
  { requiredKeys: ['id'] },
);

describe('the fields of an entry', () => {
  it('hold every value, so that it is read as it was written', () => {
    fc.assert(
      fc.property(nodes, (node) => {
        const decoded = codec.decode(fields.toValue(toEntry(fields.toFields(codec.encode(node)))));
        expect(decoded).toMatchObject({ ok: true, node });
      }),
    );
  });

  it('are plain texts, as Redis clients write them', () => {
    const node = { id: 'a"b', int: 7, flag: true, bytes: 'AP8=', list: ['x'], part: { name: 'n' }, any: 'text' };
    expect(fields.toFields(codec.encode(node))).toEqual([
      'id',
      'a"b',
      'int',
      '7',
      'flag',
      'true',
      'bytes',
      Buffer.from([0, 255]),
      'any',
      '"text"',
      'part',
      '{"name":"n"}',
      'list',
      '["x"]',
    ]);
  });

  it.each([
    ['True', true],
    ['1', true],
    ['False', false],
    ['0', false],
  ])('read %s as a truth value', (flag, expected) => {
    expect(decode({ id: '1', flag })).toMatchObject({ ok: true, node: { flag: expected } });
  });

  it('may be one that holds the whole value as JSON, under any name that is no column', () => {
    expect(decode({ value: '{"id":"1","int":2}' })).toMatchObject({ ok: true, node: { id: '1', int: 2 } });
    expect(decode({ id: '1' })).toMatchObject({ ok: true, node: { id: '1' } });
  });

  it.each([
    [{ id: '1', int: 'many' }, 'int'],
    [{ id: '1', big: '' }, 'big'],
    [{ id: Buffer.from([0xff]) }, 'UTF-8'],
    [{ int: '1', other: '2' }, 'id'],
    [{ data: 'no JSON' }, 'not valid JSON'],
  ])('that do not fit are a fault that says why: %j', (entry, reason) => {
    const decoded = decode(entry);
    expect(decoded.ok ? '' : decoded.fault.reason).toContain(reason);
  });

  it('of a RAW stream are one', () => {
    const raw = createEntryFields(line);
    expect(raw.toFields(Buffer.from('x'))).toEqual(['line', Buffer.from('x')]);
    expect(String(raw.toValue(toEntry(['other', 'y'])))).toBe('y');
    expect(String(raw.toValue(toEntry(['other', 'y', 'line', 'z'])))).toBe('z');
  });
});
