import type { AdHocPage } from '#queries';
import type { BuildContext, Builder } from './builder.ts';
import { openPages } from './open-pages.ts';
import { addSqlTypes } from './sql-types.ts';

/** Of who asks in a way that has no name. */
const unnamed = 'unknown';
const own = 'CREATE TEMPORARY TABLE and VIEW may come before it, where the gateway allows them.';

/** Adds ad hoc SQL: the queries `sql` and `explain`, and the subscription `sql`. */
export function addSqlFields({ builder, gateway }: BuildContext): void {
  const { sql } = gateway.flink;
  const { result, page, explanation } = addSqlTypes(builder);
  builder.queryField('sql', (t) =>
    t.field({
      type: result,
      description:
        'Runs one statement of Flink SQL: SHOW, DESCRIBE, EXPLAIN, or a SELECT over what is in the topics now. The rows are those of the finished result; windows that are open at the end are closed.',
      args: {
        statement: t.arg.string({ required: true, description: `The statement. ${own}` }),
        maxRows: t.arg.int({ required: true, defaultValue: 1000, description: 'No more rows than this are given.' }),
        timeoutMs: t.arg.int({
          required: true,
          defaultValue: 30_000,
          description: 'After so many milliseconds the rows that are there are given.',
        }),
      },
      resolve: (_root, { statement, maxRows, timeoutMs }, { client = unnamed, request }) =>
        sql.query({ statement, maxRows, timeoutMs, client, ...(request && { signal: request.signal }) }),
    }),
  );
  builder.queryField('explain', (t) =>
    t.field({
      type: explanation,
      description: 'How Flink would run a SELECT or INSERTs. Nothing is run.',
      args: { sql: t.arg.string({ required: true, description: `The SELECT, or the INSERTs. ${own}` }) },
      resolve: (_root, args, { client = unnamed }) => sql.explain({ statement: args.sql, client }),
    }),
  );
  const start = addStart(builder);
  builder.subscriptionField('sql', (t) =>
    t.field({
      type: page,
      description:
        'Runs a SELECT as a Flink job that lives as long as this subscription. The first page has the columns and no rows; then come the changes of the result.',
      args: {
        statement: t.arg.string({ required: true, description: `The SELECT. ${own}` }),
        maxRows: t.arg.int({ description: 'Completes after so many changes; without it, it goes on.' }),
        startFrom: t.arg({
          type: start,
          required: true,
          defaultValue: 'LATEST',
          description: 'Where the declared streams are read from. Keyed tables are always read whole.',
        }),
      },
      subscribe: (_root, { statement, maxRows = null, startFrom }, { client = unnamed }) =>
        openPages((signal) => sql.subscribe({ statement, client, maxRows, startFrom }, signal)),
      resolve: (served: AdHocPage) => served,
    }),
  );
}

function addStart(builder: Builder) {
  return builder.enumType('SqlStart', {
    description: 'Where the streams of a continuous SELECT are read from.',
    values: {
      EARLIEST: { description: 'From the oldest record that is kept.' },
      LATEST: { description: 'From the records that come once its job reads.' },
    } as const,
  });
}
