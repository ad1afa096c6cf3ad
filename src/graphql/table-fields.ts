import type { EnumRef, InputRef } from '@pothos/core';
import { isSortable, type SortColumn } from '#feed';
import { isTable } from '#model';
import { inRange } from './arguments.ts';
import type { BuildContext, Builder } from './builder.ts';
import type { DeclaredNode, DeclaredTypes } from './declared-types.ts';
import type { ServedSource } from './gateway.ts';
import { servedPage } from './open-subscription.ts';
import { badArgument, type RecordTypes } from './record-types.ts';
import { addSubscription, createSourceFields, type SourceFields, toWhere } from './source-fields.ts';

const defaultFirst = 20;
const maxFirst = 10_000;

type Direction = SortColumn['direction'];
type SortOrder = EnumRef<Builder['$inferSchemaTypes'], Direction>;

/** Adds the types, the query and the subscription of every table: a keyed view or a compacted stream. */
export function addTableFields(context: BuildContext, declared: DeclaredTypes, types: RecordTypes): void {
  const tables = context.gateway.sources.filter(({ source }) => isTable(source));
  if (tables.length === 0) return;
  const sortOrder: SortOrder = context.builder.enumType('SortOrder', {
    description: 'Which rows come first. An absent value is greater than every other.',
    values: {
      ASC: { description: 'The least first, absent values last.' },
      DESC: { description: 'The greatest first, absent values before all.' },
    } as const,
  });
  for (const served of tables) {
    const fields = createSourceFields(context.builder, declared, types, served);
    addQuery(context, fields, addOrderBy(context.builder, served, sortOrder));
    addSubscription(context, fields, {
      gives:
        'The present rows first, until a page says `live`; then what changes. After a `gap`, other than CONFLATED, the rows come anew: forget those you have.',
      otherwiseGives: 'the present rows, then what changes,',
      otherwise: { kind: 'rows' },
    });
  }
}

/** One step of an order; a list of them keeps the order of the columns, which the fields of one object would not. */
function addOrderBy(builder: Builder, { source }: ServedSource, sortOrder: SortOrder): InputRef<DeclaredNode> | null {
  const columns = source.fields.filter(({ type }) => isSortable(type));
  if (columns.length === 0) return null;
  return builder.inputRef<DeclaredNode>(`${source.typeName}OrderBy`).implement({
    description: `A column to order ${source.plural} by. Exactly one of the fields.`,
    isOneOf: true,
    fields: (t) =>
      Object.fromEntries(
        columns.map(({ name }) => [name, t.field({ type: sortOrder, description: `Order by ${name}.` })]),
      ) as never,
  });
}

function addQuery(
  { builder, gateway }: BuildContext,
  { served, connection, filter, about }: SourceFields,
  orderBy: InputRef<DeclaredNode> | null,
): void {
  const { source, feed } = served;
  builder.queryField(source.plural, (t) =>
    t.field({
      type: connection,
      description: `${about} The present rows. Subscribe \`after\` the last page's endCursor to get every change since the first page.`,
      args: {
        first: t.arg.int({
          required: true,
          defaultValue: defaultFirst,
          description: `Most rows to answer, 1 to ${maxFirst}.`,
        }),
        after: t.arg({ type: 'Cursor', description: "Go on after this cursor of this query's pages." }),
        where: t.arg({ type: filter, description: 'Only rows that fit.' }),
        ...(orderBy && {
          orderBy: t.arg({
            type: [orderBy],
            description: 'The columns to order by, the first one first. By the record key when absent.',
          }),
        }),
      },
      async resolve(_root, args, { request }) {
        const first = inRange('first', args.first ?? defaultFirst, maxFirst);
        const where = toWhere(args.where);
        const sorting = toSortColumns(args.orderBy);
        const after = args.after ? gateway.cursors.decode(await gateway.feeds.scope(feed), args.after) : null;
        const deadline = AbortSignal.timeout(gateway.queryTimeoutMs);
        const signal = request ? AbortSignal.any([request.signal, deadline]) : deadline;
        const page = await gateway.feeds.queryTable(feed, { first, after, where, orderBy: sorting, signal });
        return servedPage(gateway, served, page);
      },
    }),
  );
}

function toSortColumns(orderBy: readonly DeclaredNode[] | null | undefined): readonly SortColumn[] {
  return (orderBy ?? []).flatMap((step) =>
    Object.entries(step).map(([field, direction]) => {
      if (direction !== 'ASC' && direction !== 'DESC') throw badArgument('orderBy', 'ASC or DESC is wanted.');
      return { field, direction };
    }),
  );
}
