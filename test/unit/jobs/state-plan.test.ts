import { describe, expect, test } from 'vitest';
import { differenceOf, toStatePlan } from '../../../src/jobs/state-plan.ts';

const scan =
  'TableSourceScan(table=[[default_catalog, source, clicks, metadata=[timestamp], watermark=[-(ts, 1000:INTERVAL SECOND)], idletimeout=[2000], watermarkEmitStrategy=[on-periodic]]], fields=[user_id, url, ts])';

/** The answer of EXPLAIN for operators from the sink to the source, one below the other. */
function explained(...operators: readonly string[]): string {
  const lines = operators.map((text, depth) => `${depth === 0 ? '' : `${'   '.repeat(depth - 1)}+- `}${text}`);
  return `== Abstract Syntax Tree ==\nLogicalSink\n\n== Optimized Execution Plan ==\n${lines.join('\n')}\n`;
}

function planOf(...operators: readonly string[]): string {
  return toStatePlan(explained(...operators), { key: ['user_id'], hasRequired: true });
}

const sink = 'Sink(table=[default_catalog.sink.totals], targetColumns=[[0],[1]], fields=[user_id, cnt])';
const aggregate = 'GroupAggregate(groupBy=[user_id], select=[user_id, COUNT(*) AS $f1])';
const exchange = 'Exchange(distribution=[hash[user_id]])';
const above = 'Calc(select=[user_id, ($f1 * 2) AS cnt])';
const below = "Calc(select=[user_id], where=[((url <> '/x') AND user_id IS NOT NULL)])";
const counting = planOf(sink, above, aggregate, exchange, below, scan);

describe('what the state of a view belongs to', () => {
  test('are its operators with what their state hangs on, in their shape', () => {
    expect(counting.split('\n')).toEqual([
      'Sink(table=[default_catalog.sink.totals], key=[user_id], required=[true])',
      '  Calc',
      '    GroupAggregate(groupBy=[user_id], select=[user_id, COUNT(*) AS $f1])',
      '      Exchange(distribution=[hash[user_id]])',
      '        Calc(select=[user_id])',
      '          TableSourceScan(table=[[default_catalog, source, clicks, watermark=[-(ts, 1000:INTERVAL SECOND)]]])',
    ]);
  });

  test('stays as it was under another WHERE, another final projection and further columns read', () => {
    const changed = planOf(
      sink,
      'Calc(select=[user_id, ($f1 * 3) AS cnt], where=[($f1 > 5)])',
      aggregate,
      exchange,
      "Calc(select=[user_id], where=[(url = '], where=[')])",
      scan.replace('fields=[user_id, url, ts]', 'fields=[user_id]').replace('2000', '5000'),
    );
    expect(differenceOf(counting, changed)).toBeNull();
  });

  test('is another one when a column below an aggregate gets another meaning under its old name', () => {
    const changed = planOf(sink, above, aggregate, exchange, 'Calc(select=[url AS user_id])', scan);
    expect(differenceOf(counting, changed)).toBe('It was Calc(select=[user_id]), it is Calc(select=[url AS user_id]).');
  });

  test('is another one with another grouping, table or watermark, or an operator more or less', () => {
    const others = [
      [sink, above, aggregate.replace('groupBy=[user_id]', 'groupBy=[url]'), exchange, below, scan],
      [sink, above, aggregate, exchange, below, scan.replace('clicks', 'visits')],
      [sink, above, aggregate, exchange, below, scan.replace('1000:', '2000:')],
      [sink, aggregate, exchange, below, scan],
      [sink, above, aggregate, exchange, scan],
      [sink, above, aggregate, exchange, below, 'Calc(select=[user_id])', scan],
    ];
    for (const operators of others) expect(differenceOf(counting, planOf(...operators))).not.toBeNull();
    expect(differenceOf(counting, planOf(sink))).toMatch(/^It was Calc|there no more/);
    expect(differenceOf(planOf(sink), counting)).toBe('Calc has come in addition.');
  });

  test('counts the projection below a sink that keeps rows, and every word that does not read as expected', () => {
    const keeping = sink.replace('fields=', 'upsertMaterialize=[true], fields=');
    expect(
      differenceOf(planOf(keeping, 'Calc(select=[a])', scan), planOf(keeping, 'Calc(select=[b])', scan)),
    ).not.toBeNull();
    expect(differenceOf(planOf(sink, 'Calc(select=[a])', scan), planOf(sink, 'Calc(select=[b])', scan))).toBeNull();
    expect(differenceOf(planOf(sink, 'Calc(select=[a)', scan), planOf(sink, 'Calc(select=[b)', scan))).not.toBeNull();
  });

  test('tells a branch of a join from the other, and takes a line break in a text as a part of it', () => {
    const join = (left: string, right: string) =>
      toStatePlan(
        `== Optimized Execution Plan ==\n${sink}\n+- Join(where=[a])\n   :- ${left}\n   :  +- ${scan}\n   +- ${right}`,
        { key: [], hasRequired: false },
      );
    expect(join('Calc(select=[x])', 'Calc(select=[y])').split('\n')).toHaveLength(5);
    expect(differenceOf(join('Calc(select=[x])', 'Values'), join('Calc(select=[z])', 'Values'))).toContain(
      'select=[z]',
    );
    const broken = planOf(sink, aggregate, "Calc(select=['a\nb' AS user_id])", scan);
    expect(broken).toContain("    Calc(select=['a\\nb' AS user_id])\n");
  });
});
