import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffLines, planImport } from '#declare';
import { parseModel } from '#model';
import { declared, found, plan, record } from './found.ts';

const text = (key: string) => Buffer.from(key);
const at = (ms: number) => new Date(ms).toISOString();

describe('the key of a topic', () => {
  it('is the field whose text it is in every record', () => {
    const sample = ['a', 'b'].map((id) => record({ name: 'x', user_id: id, other: 'a' }, { key: text(id) }));
    expect(declared(found('users', sample))).toContain('key: ["userId"]');
  });

  it('is none when one record has another, or none', () => {
    const sample = ['a', 'b'].map((id) => record({ user_id: id }, { key: text(id) }));
    expect(declared(found('users', [...sample, record({ user_id: 'c' }, { key: text('d') })]))).not.toContain('key:');
    expect(declared(found('users', [...sample, record({ user_id: 'c' })]))).not.toContain('key:');
  });

  it('is none when all keys are alike and several fields would do', () => {
    const sample = [record({ a: 'x', b: 'x' }, { key: text('x') })];
    expect(declared(found('users', sample))).not.toContain('key:');
    expect(declared(found('users', [record({ a: 'x', x_id: 'x' }, { key: text('x') })]))).toContain('key: ["xId"]');
  });

  it('is several fields when it is an object of them', () => {
    const sample = [1, 2].map((n) => record({ b: n, a: 'x', c: 0 }, { key: text(`{"a":"x","b":${n}}`) }));
    expect(declared(found('pairs', sample))).toContain('key: ["a", "b"]');
  });

  it('makes a table of a compacted topic, and without one it is a stream that says why', () => {
    const sample = ['a', 'b'].map((id) => record({ id }, { key: text(id) }));
    const tombstone = record({}, { key: text('a'), value: null });
    expect(declared(found('users', [...sample, tombstone], { cleanup: 'COMPACT' }))).toContain('cleanup: COMPACT');
    const unkeyed = declared(found('users', [record({ id: 'a' })], { cleanup: 'COMPACT' }));
    expect(unkeyed).toMatch(/^# Kafka compacts the topic, but no field/);
    expect(unkeyed).not.toContain('COMPACT');
  });
});

describe('the event time', () => {
  const times = (deltas: readonly number[], more: (ms: number) => object = () => ({})) =>
    deltas.map((delta, index) =>
      record({ seen: at(1e12 + delta), ...more(1e12 + delta) }, { timestampMs: 1e12 + index * 1000 }),
    );

  it('is the DateTime that runs along with the records, with a delay for those that come late', () => {
    expect(declared(found('t', times([0, 900, 2000])))).toContain('seen: DateTime! @eventTime\n');
    expect(declared(found('t', times([0, 3000, 500])))).toContain('@eventTime(delay: "PT5S")');
  });

  it('is none when it lies in the future, long ago, or could be another one', () => {
    expect(declared(found('t', times([0, 900, 90_000_000])))).not.toContain('@eventTime');
    expect(declared(found('t', times([0, 900, -90_000_000])))).not.toContain('@eventTime');
    expect(
      declared(
        found(
          't',
          times([0, 900, 2000], (ms) => ({ also: at(ms) })),
        ),
      ),
    ).not.toContain('@eventTime');
    const named = declared(
      found(
        't',
        times([0, 900, 2000], (ms) => ({ event_time: at(ms) })),
      ),
    );
    expect(named).toContain('eventTime: DateTime! @eventTime\n');
  });
});

describe('a plan', () => {
  it('names types, fields and root fields as GraphQL and the API allow, whatever topics and columns are called', () => {
    const name = fc.oneof(
      fc.stringMatching(/^[a-zA-Z0-9._-]{1,20}$/),
      fc.constantFrom('jobs', 'Query', 'views', 'input', 'a.b', 'a_b', 'directives'),
    );
    const topics = fc.uniqueArray(
      name.filter((topic) => topic !== '.' && topic !== '..'),
      { minLength: 1, maxLength: 12 },
    );
    const columns = fc.array(fc.string({ maxLength: 8 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(topics, columns, (names, keys) => {
        const object = Object.fromEntries(keys.map((key, index) => [key, { [`x${index}`]: 1 }]));
        const { files, leftOut } = plan(names.map((topic) => found(topic, [record({ fine: 1, ...object })])));
        expect(leftOut).toEqual([]);
        const parsed = parseModel(files.map(({ file, text: own }) => ({ file, text: own })));
        expect(parsed.ok ? [] : parsed.faults).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it('leaves out what is declared elsewhere, and avoids the names that are there', () => {
    const files = { 'mine.graphql': 'type User @stream(topic: "people", plural: "users") { a: Int }' };
    const { files: planned, leftOut } = plan(
      [found('people', [record({ a: 1 })]), found('users', [record({ a: 1 })])],
      files,
    );
    expect(leftOut).toEqual([{ topic: 'people', reason: 'it is declared in schema/mine.graphql' }]);
    expect(planned[0]?.text).toContain('type User2 @stream(topic: "users"');
  });

  it('leaves out where dead letters go, unless it is named or declared', () => {
    const files = { 'mine.graphql': 'type User @stream(onBadRecord: DEAD_LETTER, deadLetterTopic: "lost") { a: Int }' };
    const topics = ['lost', 'orders', 'orders.dlq', 'users.dlq', 'x.dlq'].map((topic) =>
      found(topic, [record({ a: 1 })]),
    );
    const { files: planned, leftOut } = plan(topics, files);
    expect(planned.map(({ topic }) => topic)).toEqual(['orders', 'x.dlq']);
    expect(leftOut).toEqual([
      { topic: 'lost', reason: 'it holds the dead letters of users; it is imported when it is named' },
      { topic: 'orders.dlq', reason: 'it holds the dead letters of orders; it is imported when it is named' },
      { topic: 'users.dlq', reason: 'it holds the dead letters of users; it is imported when it is named' },
    ]);
    const options = { schemaDir: 'schema', topics, force: false, tryOut: () => undefined };
    const named = planImport({ ...options, files: [], named: ['orders.dlq'] });
    expect(named.files.map(({ topic }) => topic)).toContain('orders.dlq');
    const declaring = [
      { file: 'schema/orders.dlq.graphql', text: 'type Bad @stream(topic: "orders.dlq") { a: Int! }' },
    ];
    expect(planImport({ ...options, files: declaring, named: [] }).files.map(({ topic }) => topic)).toContain(
      'orders.dlq',
    );
  });

  it('keeps a file that differs unless it is forced, and tells one that is the same', () => {
    const topic = found('users', [record({ a: 1 })]);
    const first = plan([topic]).files[0];
    expect(first?.action).toBe('NEW');
    const same = plan([topic], { 'users.graphql': first?.text ?? '' });
    expect(same.files.map(({ action }) => action)).toEqual(['SAME']);
    const edited = { 'users.graphql': (first?.text ?? '').replace('Int!', 'Int') };
    expect(plan([topic], edited).files.map(({ action }) => action)).toEqual(['KEPT']);
    const options = { schemaDir: 'schema', topics: [topic], named: [], tryOut: () => undefined };
    const files = Object.entries(edited).map(([file, own]) => ({ file: `schema/${file}`, text: own }));
    expect(planImport({ ...options, files, force: true }).files.map(({ action }) => action)).toEqual(['CHANGED']);
  });

  it('leaves out a file with which the whole would not start', () => {
    const tryOut = () => {
      throw new Error('two of a kind');
    };
    const topics = [found('users', [record({ a: 1 })])];
    const { files, leftOut } = planImport({ schemaDir: 'schema', files: [], topics, named: [], force: false, tryOut });
    expect(files).toEqual([]);
    expect(leftOut).toEqual([{ topic: 'users', reason: 'the schema would not start with it: two of a kind' }]);
  });

  it('says why a topic has no declaration', () => {
    expect(declared(found('empty', []))).toContain('left out: it holds no record with a value');
  });
});

describe('a diff', () => {
  it('has the lines of both texts, and between them nothing else', () => {
    const lines = fc
      .array(fc.constantFrom('a', 'b', 'c'), { maxLength: 12 })
      .map((list) => list.map((one) => `${one}\n`).join(''));
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const diff = diffLines(before, after);
        if (before === after) expect(diff).toEqual([]);
        const count = (text: string) => text.split('\n').length;
        const grown =
          diff.filter((line) => line.startsWith('+')).length - diff.filter((line) => line.startsWith('-')).length;
        expect(grown).toBe(count(after) - count(before));
      }),
    );
  });

  it('shows two lines around what changes', () => {
    expect(diffLines('1\n2\n3\n4\n5\n6\n7\n', '1\n2\n3\n4\n5\nsix\n7\n')).toEqual([
      '…',
      '  4',
      '  5',
      '- 6',
      '+ six',
      '  7',
    ]);
  });
});
