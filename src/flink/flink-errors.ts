import { type ErrorCode, SluiceError } from '#errors';
import { readableFormats, type SourceDdl } from '#model';
import { FlinkFault } from './fault.ts';

const sqlCauses =
  /^org\.apache\.(?:calcite\.|flink\.sql\.parser\.|flink\.table\.api\.\w+Exception: (?!Failed to execute sql))/;
const submitted = /: Failed to execute (?:sql|job)\b/;
const unreachable =
  /ConnectException|ConnectTimeoutException|RetryException|LeaderRetrievalException|UnknownHostException/;

function toCode(fault: FlinkFault): ErrorCode {
  if (fault.status === 503 || fault.has(unreachable)) return 'FLINK_UNAVAILABLE';
  if (fault.status === 404) return 'NOT_FOUND';
  // Once Flink has begun to submit the job, the SQL itself was accepted.
  if (fault.has(sqlCauses) && !fault.has(submitted)) return 'SQL_REJECTED';
  return 'FLINK_REFUSED';
}

/** Turns a refusal into the error that leaves the room. `details.line` and `column` are those of the statement as sent. */
export function toSluiceError(fault: FlinkFault): SluiceError {
  const details = { ...(fault.position ?? {}), flink: fault.message };
  return new SluiceError(toCode(fault), fault.message, { details, cause: fault });
}

/** What Flink said, if this error comes from an answer of Flink. */
export function faultOf(thrown: unknown): FlinkFault | null {
  return thrown instanceof SluiceError && thrown.cause instanceof FlinkFault ? thrown.cause : null;
}

const unknownTable = /not found|Cannot find table|does not exist/;

/** Flink says no more than that there is no such table: where that is known, the error comes back with the reason. */
export function explainMissing(thrown: unknown, tables: readonly SourceDdl[]): unknown {
  const fault = faultOf(thrown);
  if (!fault || !unknownTable.test(fault.message)) return thrown;
  const named = tables.find(({ topic, missing }) => missing && isNamed(topic, fault.message));
  if (!named?.missing) return thrown;
  const { reason, mayCome } = named.missing;
  const hint = mayCome ? 'Try again when it answers.' : `${readableFormats}.`;
  return toSluiceError(fault.explained(`"${named.topic}" has no table in SQL: ${reason}. ${hint}`));
}

function isNamed(topic: string, message: string): boolean {
  return message.includes(`'${topic}'`) || message.includes(`\`${topic}\``);
}

/** Whether the SQL Gateway has forgotten the session: it was closed, timed out, or the gateway was restarted. */
export function isSessionGone(thrown: unknown): boolean {
  return faultOf(thrown)?.has(/: Session '[^']*' does not exist/) ?? false;
}

/** Whether the SQL Gateway knows nothing of the operation any more, or not even of its session. */
export function isOperationGone(thrown: unknown): boolean {
  return isSessionGone(thrown) || (faultOf(thrown)?.has(/: Can not find the submitted operation/) ?? false);
}

const jobLost =
  /FlinkJobNotFoundException|RecipientUnreachableException|RemoteTransportException|TaskManager with id \S+ (?:is no longer reachable|timed out)|TaskManager \S+ re-registered/;

/** Whether a job that is not restarted went down with its TaskManager, or was forgotten by a JobManager that was restarted. */
export function isJobLost(thrown: unknown): boolean {
  return faultOf(thrown)?.has(jobLost) ?? false;
}

/** Whether a job with this id was submitted before, by whomever, in whatever state it is now. */
export function isDuplicateSubmission(thrown: unknown): boolean {
  return faultOf(thrown)?.has(/Duplicate(?:Application|Job)SubmissionException/) ?? false;
}

/** Whether it says nothing about what was asked, because this gateway stops asking. */
export function isStopping(thrown: unknown): boolean {
  return thrown instanceof SluiceError && thrown.code === 'SHUTTING_DOWN';
}

/** Whether waiting may cure it, with nothing changed by anybody. */
export function isFlinkAway(thrown: unknown): boolean {
  return thrown instanceof SluiceError && (thrown.code === 'FLINK_UNAVAILABLE' || thrown.code === 'TIMEOUT');
}
