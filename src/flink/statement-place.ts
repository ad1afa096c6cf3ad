import { SluiceError } from '#errors';
import { placeInSource, type Statement } from '#sql';
import { faultOf } from './flink-errors.ts';

/**
 * Says where in the client's text Flink refused a statement: in the message, and as `line` and `column` of the details.
 * Where Flink names no place, one of several statements is told by its beginning. Other errors come back as they are.
 */
export function locate(statement: Statement, thrown: unknown): unknown {
  const fault = faultOf(thrown);
  if (!fault || !(thrown instanceof SluiceError)) return thrown;
  if (thrown.code !== 'SQL_REJECTED' && thrown.code !== 'FLINK_REFUSED') return thrown;
  const place = fault.position
    ? placeInSource(statement, fault.position)
    : statement.number > 1
      ? statement.start
      : null;
  if (!place) return thrown;
  const { line, column } = place;
  const details = { ...thrown.details, line, column, flink: fault.plainMessage };
  return new SluiceError(thrown.code, `Line ${line}, column ${column}: ${fault.plainMessage}`, {
    details,
    cause: fault,
  });
}
