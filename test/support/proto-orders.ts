import protobuf from 'protobufjs';

/** An order as its first writers wrote it: others of its fields came later. */
export const oldOrders = `syntax = "proto3";
package acme;
import "google/protobuf/timestamp.proto";
message Ping {}
message Order {
  enum OrderStatus { ORDER_STATUS_UNSPECIFIED = 0; ORDER_STATUS_OPEN = 1; ORDER_STATUS_SHIPPED = 2; }
  uint32 order_id = 1;
  OrderStatus status = 2;
  google.protobuf.Timestamp ordered_at = 3;
  string note = 4;
}
`;

/** What a table is made of. */
export const rateProto = 'syntax = "proto3"; message Rate { string name = 1; double rate = 2; }';

/** An order with a field of every kind. It is not the first message of its file. */
export const orders = `syntax = "proto3";
package acme;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
import "google/type/date.proto";
import "google/type/timeofday.proto";
import "confluent/type/decimal.proto";
message Ping {}
message Order {
  enum OrderStatus { ORDER_STATUS_UNSPECIFIED = 0; ORDER_STATUS_OPEN = 1; ORDER_STATUS_SHIPPED = 2; }
  message Address { string city = 1; google.type.Date since = 2; }
  message Customer { string name = 1; Address address = 2; repeated string aliases = 3; }
  message Node { int64 value = 1; repeated Node children = 2; google.protobuf.Timestamp at = 3; bytes raw = 4; }
  uint32 order_id = 1;
  OrderStatus status = 2;
  google.protobuf.Timestamp ordered_at = 3;
  optional string note = 4;
  Customer customer = 5;
  repeated Customer carriers = 6;
  map<string, int64> labels = 7;
  map<int32, Customer> people = 8;
  repeated sint64 amounts = 9;
  repeated OrderStatus history = 10;
  confluent.type.Decimal total = 11;
  google.type.TimeOfDay clock = 12;
  bytes payload = 13;
  double weight = 14;
  float ratio = 15;
  bool paid = 16;
  fixed64 large = 17;
  sfixed32 small = 18;
  google.protobuf.Struct extra = 19;
  google.protobuf.StringValue nickname = 20;
  google.protobuf.Int64Value visits = 21;
  Node tree = 22;
  string discount = 23;
  string shipped_on = 24;
  oneof chosen { string chosen_text = 25; int32 chosen_number = 26; }
  google.protobuf.Value anything = 27;
  repeated google.protobuf.Timestamp moments = 28;
  uint64 count = 29;
  string unknown_to_others = 30;
}
`;

const imports: Readonly<Record<string, string>> = {
  'google/type/date.proto':
    'syntax = "proto3"; package google.type; message Date { int32 year = 1; int32 month = 2; int32 day = 3; }',
  'google/type/timeofday.proto':
    'syntax = "proto3"; package google.type; message TimeOfDay { int32 hours = 1; int32 minutes = 2; int32 seconds = 3; int32 nanos = 4; }',
  'confluent/type/decimal.proto':
    'syntax = "proto3"; package confluent.type; message Decimal { bytes value = 1; uint32 precision = 2; int32 scale = 3; }',
};

/** Declares the order under a name, with what makes it a stream or a view. */
export function orderType(directive: string, name: 'Order' | 'Copy'): string {
  const nested = `
    enum OrderStatus { OPEN SHIPPED }
    type Address { city: String since: Date }
    type Customer { name: String! address: Address aliases: [String!]! }`;
  const isStream = name === 'Order';
  return `${isStream ? nested : ''}
    type ${name} ${directive} {
      orderId: ID! status: OrderStatus! orderedAt: DateTime! ${isStream ? '@eventTime' : ''} note: String
      customer: Customer carriers: [Customer!] labels: JSON people: JSON amounts: [BigInt!] history: [OrderStatus]
      total: Decimal clock: Time payload: Bytes weight: Float ratio: Float paid: Boolean large: BigInt small: Int
      extra: JSON nickname: String visits: BigInt tree: JSON discount: Decimal shippedOn: Date
      chosenText: String chosenNumber: Int anything: JSON moments: [DateTime!] count: Float absent: String
    }`;
}

const fields =
  'note labels people amounts history total clock payload weight ratio paid large small extra nickname visits tree discount chosenText chosenNumber anything moments count absent';

/** All that there is of it. */
export const orderSelection = `orderId status orderedAt shippedOn
  customer { name address { city since } aliases } carriers { name address { city since } aliases } ${fields}`;

/** The columns beside the number and the status. */
export const orderColumns: readonly string[] = [
  'ordered_at',
  'customer',
  'carriers',
  'shipped_on',
  ...fields.split(' ').map((name) => name.replace(/[A-Z]/, (letter) => `_${letter.toLowerCase()}`)),
];

const customer = {
  name: 'Ada',
  address: { city: 'Zürich', since: { year: 2020, month: 2, day: 29 } },
  aliases: ['x', ''],
};

/** An order in which every field but one has a value; it has no time. */
export const fullOrder = {
  order_id: 7,
  status: 1,
  note: 'é😀"',
  customer,
  carriers: [customer, { name: '' }],
  labels: { a: 1, b: '9007199254740993' },
  people: { 5: customer },
  amounts: [1, '-9007199254740993'],
  history: [1, 0, 2],
  total: { value: Buffer.from([0xfb, 0x2e]), precision: 10, scale: 2 },
  clock: { hours: 23, minutes: 59, seconds: 58, nanos: 7_900_000 },
  payload: Buffer.from([0, 255, 128]),
  weight: -0.1,
  ratio: 1.5,
  paid: true,
  large: '9007199254740993',
  small: -5,
  extra: {
    fields: {
      deep: { structValue: { fields: { list: { listValue: { values: [{ numberValue: 1.5 }, { nullValue: 0 }] } } } } },
    },
  },
  nickname: { value: 'Al' },
  visits: {},
  tree: {
    value: '-9007199254740993',
    children: [{ value: 2, at: { seconds: -1, nanos: 1 }, children: [{ raw: Buffer.from([1]) }] }],
  },
  discount: '1.50e-3',
  shipped_on: '2026-02-28',
  chosen_number: 0,
  anything: { stringValue: 'text' },
  moments: [{ seconds: 0 }, { seconds: 1, nanos: 999_999_999 }],
  count: 3,
  unknown_to_others: 'x',
};

/** What the latest schema has in the place of fields that the old one lacks. */
export const lackedByOldOrder = {
  ...{ amounts: [], carriers: [], history: [], moments: [], labels: {}, people: {} },
  ...{ count: 0, large: '0', paid: false, payload: '', ratio: 0, small: 0, weight: 0 },
};

/** The bytes of a message, as any writer makes them. */
export function encodeProto(text: string, message: string, value: object): Buffer {
  const root = new protobuf.Root();
  for (const imported of Object.values(imports)) protobuf.parse(imported, root, { keepCase: true });
  for (const known of ['timestamp', 'wrappers', 'struct']) {
    root.addJSON(protobuf.common.get(`google/protobuf/${known}.proto`)?.nested ?? {});
  }
  protobuf.parse(text, root, { keepCase: true });
  const type = root.resolveAll().lookupType(message);
  return Buffer.from(type.encode(type.fromObject(value)).finish());
}

/** The value of a record as Confluent's serializer makes it; no index: a path that names nothing. */
export function frameProto(id: number, path: readonly number[], message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(id, 1);
  const indexes = [path.length, ...path].map((value) => value * 2);
  return Buffer.concat([head, Buffer.from(path.length === 0 ? [] : indexes), message]);
}
