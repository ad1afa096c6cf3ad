import { createHash } from 'node:crypto';
import { z } from 'zod';
import { SluiceError } from '#errors';
import { type FlinkConfig, type Job, type Labels, labels } from '#flink';
import type { View } from '#model';

/** Where a job takes its state from. */
export type StartPoint =
  | { readonly kind: 'savepoint'; readonly path: string }
  /** The newest checkpoint or savepoint of the last job of the name. */
  | { readonly kind: 'latest' }
  | { readonly kind: 'scratch' };

/** What a job computes, under which name. */
export interface JobDefinition {
  readonly name: string;
  /** One INSERT or several, before them tables of their own. */
  readonly sql: string;
  readonly parallelism: number;
  /** Settings of the job in Flink's own names. */
  readonly settings: FlinkConfig;
  /** Where the declared streams are read from when there is no state to go on from. */
  readonly from: View['from'];
}

/** A job as a client submits it. */
export interface Submission extends JobDefinition {
  /** Null: from scratch; with `replace` from the job that is replaced. */
  readonly startFrom: StartPoint | null;
  /** Whether a job of the same name with other SQL makes room. */
  readonly replace: boolean;
  /** A repeated call with the same key starts nothing, even when the job has ended meanwhile. */
  readonly idempotencyKey: string | null;
}

/** A job that was submitted, or was there already. */
export interface SubmittedJob {
  readonly job: Job;
  readonly outcome: 'STARTED' | 'ALREADY_RUNNING' | 'REPLACED';
  readonly restoredFrom: string | null;
  /** Whether Flink took the state over; null when there was none to take, or when it is not known yet. */
  readonly stateKept: boolean | null;
  /** What went not as wished, for people. */
  readonly warning: string | null;
}

const settingsLabel = z.record(z.string(), z.string());
const longestName = 200;
const longestKey = 200;
const largestParallelism = 32_767;
/** Raised when the same submission has to become another job although the client changed nothing. */
const layoutVersion = 1;

/** Checks what is no matter of SQL. Throws BAD_INPUT. */
export function checkSubmission(submission: Submission, views: ReadonlySet<string>): void {
  const { name, parallelism, idempotencyKey } = submission;
  if (!isPrintable(name, longestName) || name.trim() !== name) {
    throw badInput('name', `1 to ${longestName} printable characters are wanted, with no blank at either end`);
  }
  if (views.has(name)) {
    throw badInput('name', `"${name}" is the topic of a declared view, and so the name of its job: choose another`);
  }
  checkParallelism(parallelism);
  if (idempotencyKey !== null && !isPrintable(idempotencyKey, longestKey)) {
    throw badInput('idempotencyKey', `1 to ${longestKey} printable characters are wanted`);
  }
}

/** Throws BAD_INPUT for what Flink could not run. */
export function checkParallelism(parallelism: number): void {
  if (Number.isInteger(parallelism) && parallelism >= 1 && parallelism <= largestParallelism) return;
  throw badInput('parallelism', `a number from 1 to ${largestParallelism} is wanted, not ${parallelism}`);
}

/** The identity of what is submitted: 32 hex digits, equal on every gateway. */
export function hashDefinition({ sql, parallelism, settings, from }: JobDefinition): string {
  const sorted = Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1));
  const canonical = JSON.stringify([layoutVersion, sql, parallelism, sorted, from]);
  return createHash('sha256').update(canonical).digest('hex').slice(0, 32);
}

/** What is written on the job, so that any gateway finds it and can start it again. */
export function toJobLabels(definition: JobDefinition, hash: string, key: string | null): Labels {
  return {
    [labels.job]: definition.name,
    [labels.hash]: hash,
    [labels.sql]: definition.sql,
    [labels.settings]: JSON.stringify(definition.settings),
    [labels.parallelism]: String(definition.parallelism),
    [labels.from]: definition.from,
    [labels.by]: 'sluice',
    ...(key === null ? {} : { [labels.key]: key }),
  };
}

/** Reads what a job computes from its labels; null for a job that no client submitted here. */
export function toDefinition(found: Labels): JobDefinition | null {
  const { [labels.job]: name, [labels.sql]: sql } = found;
  if (name === undefined || sql === undefined) return null;
  return {
    name,
    sql,
    parallelism: Number(found[labels.parallelism] ?? 1),
    settings: toSettings(found[labels.settings]),
    from: found[labels.from] === 'LATEST' ? 'LATEST' : 'EARLIEST',
  };
}

/** The settings that make Flink run it under its name, with its labels. */
export function toSubmissionConfig(definition: JobDefinition, found: Labels): FlinkConfig {
  return {
    ...definition.settings,
    'pipeline.name': definition.name,
    // A JSON object is the one notation that keeps quotes, colons and line breaks of the SQL as they are.
    'pipeline.global-job-parameters': JSON.stringify(found),
    'parallelism.default': String(definition.parallelism),
  };
}

/** Anybody can write labels: what is no settings is none. */
function toSettings(text: string | undefined): FlinkConfig {
  try {
    return settingsLabel.parse(JSON.parse(text ?? '{}'));
  } catch {
    return {};
  }
}

function isPrintable(text: string, longest: number): boolean {
  return text.length >= 1 && text.length <= longest && !/[\p{C}\p{Zl}\p{Zp}]/u.test(text);
}

function badInput(argument: string, reason: string): SluiceError {
  return new SluiceError('BAD_INPUT', `${argument}: ${reason}.`, { details: { argument } });
}
