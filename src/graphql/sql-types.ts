import type { SqlColumn } from '#flink';
import type { AdHocPage, AdHocResult, AdHocRow, Explanation, PlanInput, PlanNode, TruncationReason } from '#queries';
import type { Builder } from './builder.ts';

const values =
  'By column name. Moments are ISO-8601 in UTC, BIGINT and DECIMAL are exact text, bytes are base64, ROW and MAP are objects.';

/** The types that ad hoc SQL answers with. */
export function addSqlTypes(builder: Builder) {
  const column = addColumn(builder);
  return {
    result: addResult(builder, column),
    page: addPage(builder, column),
    explanation: addExplanation(builder),
  };
}

function addColumn(builder: Builder) {
  return builder.objectRef<SqlColumn>('SqlColumn').implement({
    description: 'A column of a result.',
    fields: (t) => ({
      name: t.exposeString('name', { description: 'Its name; where a name comes again, with a number behind it.' }),
      type: t.exposeString('type', { description: 'Its type in SQL, such as `TIMESTAMP_LTZ(3)`.' }),
      nullable: t.exposeBoolean('nullable', { description: 'Whether it may be null.' }),
    }),
  });
}

function addResult(builder: Builder, column: ReturnType<typeof addColumn>) {
  const reasons: Readonly<Record<TruncationReason, { readonly description: string }>> = {
    MAX_ROWS: { description: 'There are more rows than were asked for.' },
    MAX_BYTES: { description: 'The rows are so large that a gateway keeps no more of them.' },
    DEADLINE: { description: 'The time was over. Rows that are counted or summed up may not have their last value.' },
  };
  const reason = builder.enumType('SqlTruncation', { description: 'Why rows are missing.', values: reasons });
  return builder.objectRef<AdHocResult>('SqlResult').implement({
    description: 'What a statement answered.',
    fields: (t) => ({
      columns: t.field({ type: [column], description: 'Its columns.', resolve: (result) => [...result.columns] }),
      rows: t.field({
        type: ['JSON'],
        description: `Its rows, in no order unless the SQL sorts by time. ${values}`,
        resolve: (result) => [...result.rows],
      }),
      truncated: t.boolean({ description: 'Whether rows are missing.', resolve: (result) => result.reason !== null }),
      reason: t.field({
        type: reason,
        nullable: true,
        description: 'Why rows are missing; null when all are there.',
        resolve: (result) => result.reason,
      }),
    }),
  });
}

function addPage(builder: Builder, column: ReturnType<typeof addColumn>) {
  const change = builder.enumType('SqlChange', {
    description: 'How a row changes the result.',
    values: {
      INSERT: { description: 'The row is new.' },
      UPDATE_BEFORE: { description: 'The row was so; an UPDATE_AFTER follows.' },
      UPDATE_AFTER: { description: 'The row is so now.' },
      DELETE: { description: 'The row is gone.' },
    } as const,
  });
  const row = builder.objectRef<AdHocRow>('SqlRow').implement({
    description: 'A change of the result of a continuous SELECT.',
    fields: (t) => ({
      operation: t.field({ type: change, description: 'How it changes.', resolve: ({ operation }) => operation }),
      values: t.field({ type: 'JSON', description: `The row. ${values}`, resolve: (served) => served.values }),
    }),
  });
  return builder.objectRef<AdHocPage>('SqlPage').implement({
    description: 'What came of a continuous SELECT since the last page.',
    fields: (t) => ({
      columns: t.field({ type: [column], description: 'Its columns.', resolve: (page) => [...page.columns] }),
      rows: t.field({
        type: [row],
        description: 'The changes, in order; none in the first page.',
        resolve: (page) => [...page.rows],
      }),
      jobId: t.exposeID('jobId', { description: 'The Flink job that computes it. It ends with the subscription.' }),
    }),
  });
}

function addExplanation(builder: Builder) {
  const input = builder.objectRef<PlanInput>('PlanInput').implement({
    description: 'Rows that an operator gets from another one.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'The operator that they come from.' }),
      shipStrategy: t.exposeString('shipStrategy', {
        description: 'How they are spread over its tasks: FORWARD, HASH, REBALANCE, …',
      }),
    }),
  });
  const node = builder.objectRef<PlanNode>('PlanNode').implement({
    description: 'An operator of the job that would run.',
    fields: (t) => ({
      id: t.exposeID('id', { description: 'Its id in this plan.' }),
      operator: t.exposeString('operator', { description: 'Its kind, such as `Source: user_clicks[1]`.' }),
      description: t.exposeString('description', { description: "What it does, in Flink's words." }),
      parallelism: t.exposeInt('parallelism', { description: 'How many tasks it has.' }),
      inputs: t.field({ type: [input], description: 'What it reads.', resolve: ({ inputs }) => [...inputs] }),
    }),
  });
  return builder.objectRef<Explanation>('Explanation').implement({
    description: 'How Flink would run a statement.',
    fields: (t) => ({
      text: t.exposeString('text', { description: 'The syntax tree and the optimised plans, as Flink prints them.' }),
      nodes: t.field({
        type: [node],
        description: 'The operators of the job, sources first.',
        resolve: ({ nodes }) => [...nodes],
      }),
    }),
  });
}
