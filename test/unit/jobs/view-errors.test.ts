import { describe, expect, test } from 'vitest';
import type { View } from '#model';
import { FlinkFault } from '../../../src/flink/fault.ts';
import { toSluiceError } from '../../../src/flink/flink-errors.ts';
import { locateInView } from '../../../src/jobs/view-errors.ts';
import { clicksModel, viewOf } from '../flink/models.ts';
import { recorded } from '../flink/recorded.ts';

function decode(name: string) {
  const { status, errors } = recorded(name);
  return toSluiceError(new FlinkFault(status, errors));
}

describe('an error in the SQL of a view', () => {
  const view: View = {
    ...viewOf(clicksModel(), 'top_users'),
    sqlPlace: { file: 'schema/a.graphql', line: 20, column: 5 },
  };

  test('is told with the line and column of the declaration file', () => {
    const error = locateInView(view, decode('unknown-column'), new Map());
    // Line 3 of the statement is line 2 of the SQL, for the statement begins with a line of its own.
    expect(error.details).toMatchObject({ view: 'top_users', file: 'schema/a.graphql', line: 21, column: 7 });
    expect(error.message).toBe(`View "top_users" (schema/a.graphql:21:7): Column 'user_idd' not found in any table`);
  });

  test('names one place only, that in the file', () => {
    const error = locateInView(view, decode('syntax-error'), new Map());
    expect(error.message).toBe('View "top_users" (schema/a.graphql:20:20): Encountered ",".');
  });

  test('says which of its tables Flink has refused', () => {
    const error = locateInView(view, decode('unknown-column'), new Map([['user_clicks', 'no such format']]));
    expect(error.message).toMatch(/Flink refused the table "user_clicks": no such format$/);
  });

  test('leaves other errors as they are', () => {
    const error = decode('session-gone');
    expect(locateInView(view, error, new Map()).code).toBe('FLINK_REFUSED');
    const away = toSluiceError(new FlinkFault(503, ['away']));
    expect(locateInView(view, away, new Map())).toBe(away);
  });
});
