import { SluiceError } from '#errors';

/** What every call ends with that needs a Flink where none is configured. */
export function noFlink(): SluiceError {
  const message = 'No Flink is configured. Set FLINK_REST_URL and FLINK_SQL_GATEWAY_URL, or start the local stack.';
  return new SluiceError('FLINK_UNAVAILABLE', message);
}
