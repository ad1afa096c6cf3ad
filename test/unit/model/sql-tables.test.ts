import { describe, expect, it } from 'vitest';
import { findTables } from '../../../src/model/sql-tables.ts';
import { tokenize } from '../../../src/model/sql-tokens.ts';

const table: readonly (readonly [sql: string, tables: readonly string[]])[] = [
  ['SELECT * FROM a', ['a']],
  ['select x from a as t where exists (select 1 from b)', ['a', 'b']],
  ['SELECT * FROM a, `b c` AS b, c WHERE a.x IN (1, 2)', ['a', 'b c', 'c']],
  ['SELECT x, y FROM a GROUP BY x, y', ['a']],
  ['SELECT * FROM a LEFT JOIN b ON a.x = b.x INNER JOIN c USING (x, y), d', ['a', 'b', 'c', 'd']],
  ['SELECT * FROM (a JOIN b ON TRUE) JOIN ((SELECT * FROM c) UNION ALL SELECT * FROM d) ON TRUE', ['a', 'b', 'c', 'd']],
  ["SELECT * FROM TABLE(TUMBLE(TABLE a, DESCRIPTOR(t), INTERVAL '10' SECOND))", ['a']],
  ["SELECT * FROM TUMBLE(DATA => TABLE a, TIMECOL => DESCRIPTOR(t), SIZE => INTERVAL '1' DAY)", ['a']],
  ['SELECT * FROM TABLE(f(TABLE a PARTITION BY k, 1)), LATERAL TABLE(split(x)) AS s(w)', ['a']],
  ['SELECT * FROM a CROSS JOIN UNNEST(a.tags) AS t (tag)', ['a']],
  ["SELECT EXTRACT(YEAR FROM t), TRIM(BOTH ' ' FROM x), TRIM((x) FROM y), SUBSTRING(x FROM 2) FROM a", ['a']],
  ['SELECT * FROM a WHERE x IS NOT DISTINCT FROM y AND z IS DISTINCT FROM w', ['a']],
  [
    'WITH x AS (SELECT * FROM a), y (c, d) AS (SELECT * FROM x) SELECT * FROM x JOIN y ON TRUE JOIN b ON TRUE',
    ['a', 'b'],
  ],
  ['SELECT * FROM a JOIN b FOR SYSTEM_TIME AS OF a.t AS v ON a.x = v.x', ['a', 'b']],
  ["SELECT 'FROM x', `JOIN y` FROM a -- JOIN z\n /* FROM w */ // FROM v", ['a']],
  ['(SELECT * FROM a) UNION ALL (SELECT * FROM b)', ['a', 'b']],
  ['((SELECT * FROM a) EXCEPT (SELECT * FROM b)) ORDER BY x, y', ['a', 'b']],
  ['SELECT * FROM (VALUES (1, 2), (3, 4)) AS v (p, q), a', ['a']],
  ['SELECT CAST(x AS TIMESTAMP WITH LOCAL TIME ZONE), (SELECT MAX(y) FROM b) FROM a', ['b', 'a']],
  [
    'SELECT * FROM a MATCH_RECOGNIZE (PARTITION BY k ORDER BY t MEASURES b.t AS s, c.t AS e PATTERN (b c+) DEFINE c AS c.x > 1)',
    ['a'],
  ],
  [
    'SELECT a, COUNT(*) OVER w FROM b WINDOW w AS (PARTITION BY x, y ORDER BY t ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)',
    ['b'],
  ],
  ['SELECT * FROM db.t JOIN `a.b` ON TRUE', ['db|t', 'a.b']],
  ['SELECT * FROM größe', ['größe']],
];

describe('the tables of a SELECT', () => {
  it.each(table)('of %s', (sql, tables) => {
    const { tokens, fault } = tokenize(sql);
    expect(fault).toBeNull();
    expect(findTables(tokens).map(({ parts }) => parts.join('|'))).toEqual(tables);
  });
});
