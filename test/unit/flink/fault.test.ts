import { describe, expect, test } from 'vitest';
import { FlinkFault, parseCauses } from '../../../src/flink/fault.ts';
import { isDuplicateSubmission, isSessionGone, toSluiceError } from '../../../src/flink/flink-errors.ts';
import { recorded } from './recorded.ts';

function decode(name: string) {
  const { status, errors } = recorded(name);
  return toSluiceError(new FlinkFault(status, errors));
}

describe('an error of Flink', () => {
  test('is told by its last cause, with the place in the SQL', () => {
    const error = decode('unknown-column');
    expect(error.code).toBe('SQL_REJECTED');
    expect(error.message).toBe("Column 'user_idd' not found in any table");
    expect(error.details).toEqual({ line: 3, column: 3, flink: "Column 'user_idd' not found in any table" });
  });

  test('of the parser is told without the list of all words it would have taken', () => {
    const error = decode('syntax-error');
    expect(error.code).toBe('SQL_REJECTED');
    expect(error.message).toBe('Encountered "," at line 2, column 16.');
    expect(error.details).toMatchObject({ line: 2, column: 16 });
  });

  test('of the planner, which names no place, is a rejected statement too', () => {
    const error = decode('update-changes');
    expect(error.code).toBe('SQL_REJECTED');
    expect(error.message).toMatch(/^Table sink 'default_catalog\.sink\.res' doesn't support consuming update changes/);
    expect(error.details).not.toHaveProperty('line');
  });

  test('that comes when the job was accepted and could not start is a refusal, not wrong SQL', () => {
    const error = decode('missing-restore-point');
    expect(error.code).toBe('FLINK_REFUSED');
    expect(error.message).toMatch(/^Cannot find checkpoint or savepoint file\/directory 'file:\/\/\/data\/gone'/);
  });

  test('whose last cause is a bare Java exception is told with the cause before it', () => {
    expect(decode('wrong-setting').message).toBe(
      `Could not parse value 'many' for key 'parallelism.default'. For input string: "many"`,
    );
  });

  test('is told without the ways that it took through Flink', () => {
    expect(decode('constant-failed').message).toBe('Division by zero');
    expect(decode('job-failed').message).toBe("For input string: 'x'. Invalid character found.");
  });

  test('about a job that does not exist is NOT_FOUND', () => {
    expect(decode('job-not-found').code).toBe('NOT_FOUND');
  });

  test('tells a forgotten session, however it is noticed', () => {
    expect(isSessionGone(decode('session-gone'))).toBe(true);
    expect(isSessionGone(decode('session-gone-heartbeat'))).toBe(true);
    expect(isSessionGone(decode('unknown-column'))).toBe(false);
  });

  test('tells a job id that is used up, though it stands deep inside another message', () => {
    expect(isDuplicateSubmission(decode('duplicate-submission'))).toBe(true);
    expect(isDuplicateSubmission(decode('missing-restore-point'))).toBe(false);
  });

  test('that cannot reach the JobManager is FLINK_UNAVAILABLE', () => {
    const trace =
      'org.apache.flink.util.FlinkException: Failed to execute job.\n\tat a.B.c(B.java:1)\nCaused by: java.net.ConnectException: Connection refused: localhost/127.0.0.1:8081';
    expect(toSluiceError(new FlinkFault(500, [trace])).code).toBe('FLINK_UNAVAILABLE');
    expect(toSluiceError(new FlinkFault(503, ['Service temporarily unavailable'])).code).toBe('FLINK_UNAVAILABLE');
  });

  test('never has a stack trace in its message', () => {
    for (const name of ['unknown-column', 'syntax-error', 'missing-restore-point', 'duplicate-submission']) {
      expect(decode(name).message).not.toMatch(/\n\s+at |Caused by/);
    }
  });

  test('in no form that is known is told as it came', () => {
    expect(new FlinkFault(502, ['<html>Bad Gateway</html>']).message).toBe('<html>Bad Gateway</html>');
    expect(new FlinkFault(500, []).message).toBe('HTTP status 500');
    expect(parseCauses(['Unable to load requested file /x.'])).toEqual([]);
  });
});
