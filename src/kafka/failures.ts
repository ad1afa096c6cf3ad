import { messageOf, SluiceError } from '#errors';

/** Kafka did not answer; `what` says what was wanted. */
export function unavailable(what: string, cause?: unknown): SluiceError {
  return new SluiceError('KAFKA_UNAVAILABLE', `Kafka did not answer in time: ${what}.`, { cause });
}

/** The leaders of these partitions did not answer, or there are none. */
export function unanswered(what: string, topic: string, partitions: Iterable<number>): SluiceError {
  const missing = [...partitions].toSorted((a, b) => a - b);
  const message = `Kafka did not answer in time: ${what} of partition ${missing.join(', ')} of the topic "${topic}". Its leader is away, or it has none.`;
  return new SluiceError('KAFKA_UNAVAILABLE', message, { details: { topic, partitions: missing } });
}

/** Kafka answers, and cannot take records for the topic as long as its brokers are as they are. */
export function notTaken(topic: string, cause: unknown): SluiceError {
  const message = `Kafka cannot take records for "${topic}" at the moment: ${messageOf(cause)}`;
  return new SluiceError('KAFKA_UNAVAILABLE', message, { cause });
}

/** There is no such topic, or no longer the one that was opened. */
export function topicMissing(topic: string, reason = 'does not exist in Kafka'): SluiceError {
  return new SluiceError('TOPIC_MISSING', `The topic "${topic}" ${reason}.`, { details: { topic } });
}

/** Another topic has the name now. */
export function topicReplaced(topic: string): SluiceError {
  return topicMissing(topic, 'was deleted; another one of that name exists now');
}

/** Kafka's answer is an error that a retry will not cure. */
export function refused(message: string, cause?: unknown): SluiceError {
  return new SluiceError('KAFKA_REFUSED', message, { cause });
}

/** The topic takes no record of that size, alone in its batch. */
export function recordTooLarge(topic: string, bytes: number, cause?: unknown): SluiceError {
  const message = `A record of ${bytes} bytes is larger than the topic "${topic}" allows. Make it smaller, or raise the topic's max.message.bytes.`;
  return new SluiceError('RECORD_TOO_LARGE', message, { cause, details: { topic, bytes } });
}

/** The gateway is on its way down. */
export function shuttingDown(): SluiceError {
  return new SluiceError('SHUTTING_DOWN', 'The connection to Kafka is being closed.');
}
