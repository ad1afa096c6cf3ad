import { type GraphQLSchema, lexicographicSortSchema, printSchema } from 'graphql';
import { isTable, redisPlaceOf } from '#model';
import { createBuilder } from './builder.ts';
import { addClusterFields } from './cluster-fields.ts';
import { DeclaredTypes } from './declared-types.ts';
import type { Gateway } from './gateway.ts';
import { addJobFields } from './job-fields.ts';
import { addJobMutations } from './job-mutations.ts';
import { addJobTypes } from './job-types.ts';
import { addProduceFields } from './produce-fields.ts';
import { addProduceTypes } from './produce-types.ts';
import { addRecordTypes } from './record-types.ts';
import { addRedisFields } from './redis-fields.ts';
import { addSourceFields } from './source-fields.ts';
import { addSqlFields } from './sql-fields.ts';
import { addStreamFields } from './stream-fields.ts';
import { addTableFields } from './table-fields.ts';
import { addViewMutations } from './view-mutations.ts';

/** The executable schema of everything declared. */
export function createSchema(gateway: Gateway): GraphQLSchema {
  const builder = createBuilder();
  const context = { builder, gateway };
  const recordTypes = addRecordTypes(builder);
  const produceTypes = addProduceTypes(builder);
  const declared = new DeclaredTypes(builder);
  for (const served of gateway.sources) {
    if (redisPlaceOf(served.source)) continue;
    if (!isTable(served.source)) addSourceFields(context, declared, recordTypes, served);
  }
  const streams = gateway.sources.flatMap((served) =>
    served.source.kind === 'stream' && !redisPlaceOf(served.source) ? [{ served, stream: served.source }] : [],
  );
  addProduceFields(context, declared, produceTypes, streams);
  addRedisFields(context, declared, { recordTypes, produceTypes });
  addTableFields(context, declared, recordTypes);
  const { job } = addJobTypes(context, declared);
  addStreamFields(context, job);
  addViewMutations(context);
  addJobFields(context, declared, job);
  addJobMutations(context, job);
  addClusterFields(context);
  addSqlFields(context);
  return builder.toSchema();
}

/** The schema as text, sorted, so that two of them can be compared. */
export function printSortedSchema(schema: GraphQLSchema): string {
  return printSchema(lexicographicSortSchema(schema));
}
