/** How a code reads to a client: whether the same call may succeed later, and what the code means. */
export interface CodeEntry {
  readonly retryable: boolean;
  readonly meaning: string;
}

/**
 * Every code that Sluice puts into `extensions.code` or ends a start with.
 * `docs/errors.md` prints this table; a test holds the two against each other.
 */
export const codes = {
  BAD_DECLARATION: {
    retryable: false,
    meaning: 'A file in the schema folder has faults; each is listed with its place.',
  },
  BAD_CONFIG: { retryable: false, meaning: 'An environment variable or option is wrong; each fault is listed.' },
  BAD_INPUT: { retryable: false, meaning: 'An argument is out of range or contradicts another.' },
  BAD_EVENT: { retryable: false, meaning: 'An event does not fit its declared type; nothing of the call was written.' },
  BAD_CURSOR: { retryable: false, meaning: 'A cursor is malformed, or belongs to another field, topic or cluster.' },
  BAD_REQUEST: { retryable: false, meaning: 'The request is not a GraphQL request that this server understands.' },
  GRAPHQL_PARSE_FAILED: { retryable: false, meaning: 'The GraphQL document has a syntax error.' },
  GRAPHQL_VALIDATION_FAILED: {
    retryable: false,
    meaning: 'The GraphQL document or its variables do not fit the schema.',
  },
  KAFKA_UNAVAILABLE: {
    retryable: true,
    meaning: 'No Kafka broker, or not the one that leads a partition that is needed, answered in time.',
  },
  KAFKA_REFUSED: { retryable: false, meaning: 'Kafka answered with an error that a retry will not cure.' },
  REDIS_UNAVAILABLE: { retryable: true, meaning: 'Redis did not answer in time, or cannot be reached.' },
  REDIS_REFUSED: { retryable: false, meaning: "Redis answered with an error; the message is Redis's own." },
  RECORD_TOO_LARGE: {
    retryable: false,
    meaning: 'A record is larger than its topic allows (`max.message.bytes`); it was not written.',
  },
  TOPIC_MISSING: { retryable: false, meaning: 'The topic of this field does not exist in Kafka.' },
  FLINK_UNAVAILABLE: {
    retryable: true,
    meaning: 'Flink (JobManager or SQL Gateway) did not answer in time, or is not configured.',
  },
  FLINK_REFUSED: { retryable: false, meaning: "Flink refused the request; the message is Flink's own." },
  REGISTRY_UNAVAILABLE: {
    retryable: true,
    meaning: 'The schema registry did not answer in time, or has no schema yet that the events can be written with.',
  },
  REGISTRY_REFUSED: {
    retryable: false,
    meaning: "The schema registry refused the request; the message is the registry's own.",
  },
  SQL_REJECTED: {
    retryable: false,
    meaning: "Flink does not accept the SQL; the message is Flink's own, with line and column where it has them.",
  },
  SQL_NOT_ALLOWED: {
    retryable: false,
    meaning: 'The configuration of this gateway does not allow the statement; the message names the setting.',
  },
  NOT_ALLOWED: {
    retryable: false,
    meaning: 'The configuration of this gateway does not allow this mutation; the message names the setting.',
  },
  CONFLICT: { retryable: false, meaning: 'Something else has this name already; `extensions` say what.' },
  NOT_FOUND: { retryable: false, meaning: 'Nothing has this name or id.' },
  OVERLOADED: { retryable: true, meaning: 'A bounded queue is full; nothing was done. Try again later.' },
  TABLE_TOO_LARGE: {
    retryable: false,
    meaning:
      'The rows of a table do not fit into the memory that this gateway has for tables; its changes can be followed.',
  },
  TIMEOUT: { retryable: true, meaning: 'The deadline passed before the outcome was known.' },
  SLOW_CONSUMER: {
    retryable: true,
    meaning: 'The subscriber was slower than its stream and wanted DISCONNECT; `extensions.cursor` is where to go on.',
  },
  SHUTTING_DOWN: {
    retryable: true,
    meaning: 'This gateway is stopping; another replica or a later attempt will answer.',
  },
  LOCAL_STACK: {
    retryable: false,
    meaning: 'The local Kafka and Flink could not be started; the message says what is missing.',
  },
  INTERNAL: { retryable: false, meaning: 'A fault of the gateway itself; details are in its log under the given id.' },
} as const satisfies Record<string, CodeEntry>;

/** One of the keys of {@link codes}. */
export type ErrorCode = keyof typeof codes;
