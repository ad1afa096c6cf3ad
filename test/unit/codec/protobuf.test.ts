import protobuf from 'protobufjs';
import { describe, expect, it } from 'vitest';
import { createCodec } from '#codec';
import type { FieldType } from '#model';
import { field, stream } from './declared.ts';
import { framed, proto, schemasOf } from './schemas.ts';

const text = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "common.proto";
message Other { string x = 1; message Inner { string y = 1; } }
message Order {
  string id = 1;
  optional int32 count = 2;
  int64 total = 3;
  uint64 big = 4;
  Status status = 5;
  repeated sint32 sizes = 6;
  map<string, int64> stock = 7;
  google.protobuf.Timestamp at = 8;
  google.protobuf.StringValue note = 9;
  oneof pay { string card = 10; double cash = 11; }
  common.Address address = 12;
  fixed64 fixed = 13;
}
enum Status { STATUS_UNSPECIFIED = 0; STATUS_OPEN = 1; }`;
const common = 'syntax = "proto3"; package common; message Address { string city = 1; Address next = 2; }';
const schema = proto(text, [{ name: 'common.proto', text: common }]);
const status: FieldType = {
  kind: 'enum',
  type: { name: 'State', description: null, values: [{ name: 'OPEN', description: null }] },
};
const fields = [
  field('id', 'ID', { required: true }),
  field('count', 'Int'),
  field('total', 'BigInt'),
  field('big', 'BigInt'),
  field('status', status),
  field('sizes', { kind: 'list', of: { kind: 'scalar', name: 'Int' }, itemRequired: true }),
  field('stock', 'JSON'),
  field('at', 'DateTime'),
  field('note', 'String'),
  field('card', 'String'),
  field('cash', 'Float'),
  field('address', 'JSON'),
  field('fixed', 'BigInt'),
];
const codec = createCodec(stream(fields, { format: 'PROTOBUF', typeName: 'Order' }), schemasOf(schema));

/** What protobufjs itself writes; the message is the second of its file. */
function written(value: object): Buffer {
  const root = new protobuf.Root();
  for (const name of ['google/protobuf/timestamp.proto', 'google/protobuf/wrappers.proto']) {
    root.addJSON(protobuf.common.get(name)?.nested ?? {});
  }
  protobuf.parse(common, root);
  protobuf.parse(text, root, { keepCase: true });
  const type = root.lookupType('shop.Order');
  return framed(1, Buffer.concat([Buffer.from([2, 2]), type.encode(type.fromObject(value)).finish()]));
}

const node = {
  id: 'a',
  count: 0,
  total: -5,
  big: 2n ** 64n - 1n,
  status: 'OPEN',
  sizes: [-1, 0, 70_000],
  stock: { x: -3, y: '9007199254740993' },
  at: '1969-12-31T23:59:59.999Z',
  note: '',
  card: null,
  cash: 1.5,
  address: { city: 'Ulm', next: { city: 'Bonn', next: null } },
  fixed: 7,
};

describe('a Protobuf record', () => {
  it('is read as another implementation writes it, and written so that it is read again', () => {
    const foreign = written({
      ...node,
      big: '18446744073709551615',
      status: 1,
      at: { seconds: -1, nanos: 999_000_000 },
      note: { value: '' },
      card: undefined,
      address: { city: 'Ulm', next: { city: 'Bonn' } },
    });
    expect(codec.decode(foreign)).toEqual({ ok: true, node });
    expect(codec.decode(codec.encode(node))).toEqual({ ok: true, node });
  });

  it('has the zero values of what is absent, and null where absence shows', () => {
    expect(codec.decode(framed(1, Buffer.from([2, 2])))).toEqual({
      ok: true,
      node: {
        id: '',
        count: null,
        total: 0,
        big: 0,
        status: null,
        sizes: [],
        stock: {},
        at: null,
        note: null,
        card: null,
        cash: null,
        address: null,
        fixed: 0,
      },
    });
  });

  it('keeps the last of a oneof, and goes over fields that nobody knows', () => {
    const bytes = Buffer.from([2, 2, 0x52, 1, 97, 0x59, 0, 0, 0, 0, 0, 0, 0, 64, 0xa2, 6, 2, 1, 1, 0xa8, 6, 5]);
    expect(codec.decode(framed(1, bytes))).toMatchObject({ ok: true, node: { card: null, cash: 2 } });
  });

  it.each([
    ['another message', Buffer.from([0]), 'schema does not have it'],
    ['a message that is not there', Buffer.from([2, 10]), 'no message number 5'],
    ['a length beyond its end', Buffer.from([2, 2, 10, 0xff, 0xff, 0xff, 0x7f]), 'ends too early'],
    ['an unknown enum value', Buffer.from([2, 2, 40, 9]), 'field `status`: expected State (OPEN)'],
    ['text that is not UTF-8', Buffer.from([2, 2, 10, 1, 0xff]), 'not valid UTF-8'],
  ])('of %s is refused in words', (_what, bytes, reason) => {
    const decoded = codec.decode(framed(1, bytes));
    expect(decoded).toMatchObject({ ok: false, fault: { reason: expect.stringContaining(reason) } });
  });

  it('cannot hold both values of a oneof', () => {
    expect(() => codec.encode({ ...node, card: 'x' })).toThrow('only one of "pay" may have a value');
  });
});
