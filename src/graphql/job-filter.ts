import type { InputRef } from '@pothos/core';
import { compileFilter, type FeedRecord } from '#feed';
import { type Job, labels } from '#flink';
import type { Field, FieldType } from '#model';
import type { DeclaredNode, DeclaredTypes } from './declared-types.ts';
import { jobStateEnum } from './job-types.ts';
import { toWhere } from './source-fields.ts';

const text: FieldType = { kind: 'scalar', name: 'String' };

/** What jobs can be filtered by, as if it had been declared: filters of jobs and of records are the same then. */
const fields: readonly Field[] = [
  field('id', { kind: 'scalar', name: 'ID' }),
  field('name', text),
  field('state', { kind: 'enum', type: jobStateEnum }),
  field('view', text),
  field('owner', text),
];

function field(name: string, type: FieldType): Field {
  return { name, column: name, description: null, type, required: false, place: { file: '', line: 1, column: 1 } };
}

/** Adds the type `JobFilter`. */
export function addJobFilter(declared: DeclaredTypes): InputRef<DeclaredNode> {
  return declared.filter({ name: 'Job', fields });
}

/** The test that a `where` means; without one all jobs fit. Throws BAD_INPUT for one that is too large. */
export function toJobTest(given: unknown): (job: Job) => boolean {
  const where = toWhere(given);
  if (!where) return () => true;
  const fits = compileFilter(fields, where);
  return (job) => fits(toRecord(job));
}

/** A job as a record that has nothing but its value. */
function toRecord({ id, name, state, view, labels: own, startedAtMs }: Job): FeedRecord {
  const node = { id, name, state, view, owner: own[labels.by] ?? null };
  return {
    node,
    operation: 'UPSERT',
    partition: 0,
    offset: 0n,
    timestampMs: startedAtMs,
    key: null,
    headers: [],
    fault: null,
    valueBytes: 0,
    weight: 0,
  };
}
