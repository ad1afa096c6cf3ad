import { describe, expect, it } from 'vitest';
import { planProtobuf } from '#codec';
import { parseModel, printFault, type Source } from '#model';

function sourceOf(text: string): Source {
  const parsed = parseModel([{ file: 'a.graphql', text }]);
  if (!parsed.ok) throw new Error(parsed.faults.map(printFault).join('\n'));
  const [source] = parsed.model.sources;
  if (!source) throw new Error('nothing is declared');
  return source;
}

const schema = (text: string) => ({ type: 'PROTOBUF', text: `syntax = "proto3"; ${text}`, references: [] }) as const;

describe('the plan by which Flink reads Protobuf', () => {
  it('has the numbers of the declared fields, and what becomes of each', () => {
    const declared = `enum Status { OPEN } type Place { city: String! }
      type Order @stream(format: PROTOBUF) { orderId: ID! status: Status place: Place sizes: [Int!] absent: String more: JSON }`;
    const plan = planProtobuf(
      schema(`message Order {
        enum Status { STATUS_UNSPECIFIED = 0; STATUS_OPEN = 3; STATUS_CLOSED = 4; }
        message Place { string city = 2; }
        string order_id = 1; Status status = 2; Place place = 5; repeated int32 sizes = 6; string other = 7;
        oneof choice { int64 more = 8; int64 less = 9; }
      }`),
      sourceOf(declared),
    );
    const common = { label: 'ONE', key: 'string', required: false, itemRequired: false, isJson: false, hasZero: false };
    const field = (at: number, tag: number, more: object) => {
      const tags = [{ tag, isPacked: false }];
      return { ...common, at, tags, rivals: [], ...more };
    };
    expect(plan.paths).toEqual({ '0': 0 });
    expect(plan.messages).toEqual([
      {
        columns: ['order_id', 'status', 'place', 'sizes', 'absent', 'more'],
        fields: [
          field(0, 10, { required: true, hasZero: true, value: { kind: 'scalar', type: 'string', as: 'ID' } }),
          field(1, 16, { value: { kind: 'enum', names: { 3: 'OPEN' }, isClosed: true } }),
          field(2, 42, { value: { kind: 'message', message: 1 } }),
          field(3, 48, {
            label: 'LIST',
            tags: [
              { tag: 48, isPacked: false },
              { tag: 50, isPacked: true },
            ],
            itemRequired: true,
            value: { kind: 'scalar', type: 'int32', as: 'Int' },
          }),
          field(5, 64, { isJson: true, value: { kind: 'scalar', type: 'int64', as: 'JSON' } }),
        ],
      },
      {
        columns: ['city'],
        fields: [
          field(0, 18, { required: true, hasZero: true, value: { kind: 'scalar', type: 'string', as: 'String' } }),
        ],
      },
    ]);
  });

  it('reads every message of the file that the declaration fits, nested ones too, by their indexes', () => {
    const text = `message Other { int32 id = 1; }
      message Click { string id = 2; message Inner { int64 id = 1; } message Strange { bool id = 1; } }`;
    const plan = planProtobuf(schema(text), sourceOf('type Click @stream(format: PROTOBUF) { id: ID! }'));
    expect(Object.keys(plan.paths)).toEqual(['0', '1', '1.0']);
  });

  it('has each message within JSON once, also one that holds itself', () => {
    const text = 'message Click { Node a = 1; Node b = 2; } message Node { repeated Node next = 1; }';
    const plan = planProtobuf(schema(text), sourceOf('type Click @stream(format: PROTOBUF) { a: JSON b: JSON }'));
    const messages = plan.messages.map(({ columns }) => columns.join());
    expect(messages.filter((columns) => columns === 'next')).toHaveLength(1);
  });

  it('is none where the message of new records does not fit', () => {
    const text = 'message Other { string id = 1; } message Click { bool id = 1; }';
    expect(() => planProtobuf(schema(text), sourceOf('type Click @stream(format: PROTOBUF) { id: ID! }'))).toThrow(
      'field `id`: declared ID, but the schema has bool, which does not map',
    );
  });
});
