import { describe, expect, test } from 'vitest';
import { parseExactly } from '../../../src/flink/parse-exactly.ts';
import { type LogicalType, toTypeText } from '../../../src/flink/type-text.ts';

const of = (type: string, members: object = {}): LogicalType => ({ type, nullable: true, ...members });

describe('a type of a result', () => {
  test.each<[string, LogicalType]>([
    ['STRING', of('VARCHAR', { length: 2_147_483_647 })],
    ['CHAR(3)', of('CHAR', { length: 3 })],
    ['BYTES', of('VARBINARY', { length: 2_147_483_647 })],
    ['INT', of('INTEGER')],
    ['DECIMAL(10, 2)', of('DECIMAL', { precision: 10, scale: 2 })],
    ['TIMESTAMP_LTZ(3)', of('TIMESTAMP_WITH_LOCAL_TIME_ZONE', { precision: 3 })],
    ['ARRAY<INT NOT NULL>', of('ARRAY', { elementType: { type: 'INTEGER', nullable: false } })],
    ['MAP<STRING, INT>', of('MAP', { keyType: of('VARCHAR', { length: 2_147_483_647 }), valueType: of('INTEGER') })],
    [
      'ROW<`a` INT, `b` BOOLEAN>',
      of('ROW', {
        fields: [
          { name: 'a', fieldType: of('INTEGER') },
          { name: 'b', fieldType: of('BOOLEAN') },
        ],
      }),
    ],
  ])('is written as in Flink SQL: %s', (text, type) => {
    expect(toTypeText(type)).toBe(text);
  });
});

test('integers beyond 2^53 are read without loss, other numbers as ever', () => {
  expect(parseExactly('[9007199254740993, 12, 0.1234567890123456, 1e300]')).toEqual([
    9007199254740993n,
    12,
    0.1234567890123456,
    1e300,
  ]);
});
