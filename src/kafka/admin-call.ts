import type { Admin, Kafka } from 'kafkajs';
import { messageOf, SluiceError } from '#errors';
import { withDeadline } from './deadline.ts';
import { refused, unavailable } from './failures.ts';

/** What an {@link adminCall} needs beside the call. */
export interface AdminCallOptions {
  readonly kafka: Kafka;
  readonly deadlineMs: number;
  /** What is wanted, in words that fit after "Kafka did not answer in time:". */
  readonly what: string;
  /** The same, in words that fit after "Kafka refused to". */
  readonly action: string;
}

/**
 * Connects an admin client of kafkajs for one call and disconnects it after: calls are rare. Rejects with
 * `KAFKA_UNAVAILABLE` at the deadline or when no broker answers, and with `KAFKA_REFUSED` at any other error.
 */
export async function adminCall<T>(options: AdminCallOptions, call: (admin: Admin) => Promise<T>): Promise<T> {
  const { kafka, deadlineMs, what, action } = options;
  const admin = kafka.admin({ retry: { retries: 3, initialRetryTime: 100 } });
  try {
    const answer = admin.connect().then(() => call(admin));
    return await withDeadline(answer, deadlineMs, () => unavailable(what));
  } catch (error) {
    if (error instanceof SluiceError) throw error;
    if (isConnectionFault(error)) throw unavailable(what, error);
    throw refused(`Kafka refused to ${action}: ${detailOf(error)}`, error);
  } finally {
    admin.disconnect().catch(() => {});
  }
}

const connectionFaults = [
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSBrokerNotFound',
];

function isConnectionFault(error: unknown): boolean {
  for (let at = error; at instanceof Error; at = at.cause) if (connectionFaults.includes(at.name)) return true;
  return false;
}

/** kafkajs puts the topics' own errors into an aggregate whose message names none of them. */
function detailOf(error: unknown): string {
  const errors: unknown = error instanceof Error && 'errors' in error ? error.errors : undefined;
  if (!Array.isArray(errors)) return messageOf(error);
  return errors.map((each) => `${each?.topic ? `"${each.topic}": ` : ''}${messageOf(each)}`).join('; ');
}
