import { ErrorReply } from '@redis/client';
import { messageOf, SluiceError } from '#errors';

/** What is said while Redis does not answer. The address never holds a password. */
export function unavailable(what: string, address: string, cause?: unknown): SluiceError {
  const why = cause === undefined ? '' : ` (${messageOf(cause)})`;
  const message = `Redis at ${address} did not answer in time${why}: ${what}. Is SLUICE_REDIS_URL right, and does Redis run?`;
  return new SluiceError('REDIS_UNAVAILABLE', message, cause === undefined ? {} : { cause });
}

/** What is said when Redis answers with an error: its own words. */
export function refused(what: string, message: string, cause?: unknown): SluiceError {
  return new SluiceError('REDIS_REFUSED', `Redis refused ${what}: ${message}`, cause === undefined ? {} : { cause });
}

/** What is said once the gateway stops. */
export function shuttingDown(): SluiceError {
  return new SluiceError('SHUTTING_DOWN', 'This gateway is stopping; its connections to Redis are closed.');
}

/** True for an error that Redis itself answered with. */
export function isReply(thrown: unknown): thrown is Error {
  return thrown instanceof ErrorReply;
}
