import { describe, expect, test } from 'vitest';
import { parseRows } from '../../../src/flink/parse-exactly.ts';
import { createRowReader, uniqueNames } from '../../../src/queries/sql-values.ts';

/** The value as a client gets it, when Flink writes it so. */
function tell(logicalType: { type: string; [member: string]: unknown }, written: string): unknown {
  const text = `{"type":"${logicalType.type}","nested":${JSON.stringify(logicalType)},"value":${written}}`;
  const { value } = parseRows(text) as { value: unknown };
  const column = { name: 'x', type: '', nullable: true, logicalType: { nullable: true, ...logicalType } };
  return createRowReader([column])({ kind: 'INSERT', fields: [value] })['x'];
}

describe('a value of a row', () => {
  test.each([
    ['BIGINT', '5', '5'],
    ['BIGINT', '-9223372036854775808', '-9223372036854775808'],
    ['BIGINT', '9007199254740993', '9007199254740993'],
    ['DECIMAL', '12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['DECIMAL', '1E+30', `1${'0'.repeat(30)}`],
    ['DECIMAL', '1.50', '1.5'],
    ['DECIMAL', '-0.000000125', '-0.000000125'],
    ['DECIMAL', '0E-9', '0'],
    ['DOUBLE', '0.30000000000000004', 0.1 + 0.2],
    ['DOUBLE', '"NaN"', 'NaN'],
    ['INTEGER', '7', 7],
    ['VARCHAR', '"12345678901234567890"', '12345678901234567890'],
    ['TIMESTAMP_WITHOUT_TIME_ZONE', '"2026-01-01T00:00:00"', '2026-01-01T00:00:00.000Z'],
    ['TIMESTAMP_WITHOUT_TIME_ZONE', '"2026-01-01T00:00"', '2026-01-01T00:00:00.000Z'],
    ['TIMESTAMP_WITH_LOCAL_TIME_ZONE', '"2026-01-01T00:00:00.89Z"', '2026-01-01T00:00:00.890Z'],
    ['TIMESTAMP_WITH_LOCAL_TIME_ZONE', '"2026-01-01T00:00:00.123456Z"', '2026-01-01T00:00:00.123456Z'],
    ['DATE', '"2026-01-01"', '2026-01-01'],
    ['BIGINT', 'null', null],
  ])('of type %s that Flink writes as %s', (type, written, told) => {
    expect(tell({ type }, written)).toBe(told);
  });

  test('that holds others is told by the types of those', () => {
    const bigint = { type: 'BIGINT', nullable: true };
    const moment = { type: 'TIMESTAMP_WITHOUT_TIME_ZONE', nullable: true };
    expect(tell({ type: 'ARRAY', elementType: bigint }, '[1,null]')).toEqual(['1', null]);
    expect(tell({ type: 'MAP', keyType: moment, valueType: bigint }, '{"a":9007199254740993}')).toEqual({
      a: '9007199254740993',
    });
    const fields = [
      { name: 'a', fieldType: { type: 'INTEGER', nullable: true } },
      { name: 'b', fieldType: moment },
    ];
    expect(tell({ type: 'ROW', fields }, '{"a":1,"b":"2026-01-01T00:00:00"}')).toEqual({
      a: 1,
      b: '2026-01-01T00:00:00.000Z',
    });
  });

  test('has a name of its own', () => {
    expect(uniqueNames(['a', 'a', 'a_2', 'b', 'a'])).toEqual(['a', 'a_3', 'a_2', 'b', 'a_4']);
  });
});
