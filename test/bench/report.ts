/** One measured line: what Sluice did, what the baseline did, and what the design wants of the two. */
export interface Line {
  readonly what: string;
  readonly unit: string;
  readonly sluice: number;
  readonly baseline: number;
  readonly baselineIs: string;
  /** How the two are compared: the quotient, or the difference. */
  readonly compared: 'ratio' | 'difference';
  readonly target: { readonly atLeast: number } | { readonly atMost: number };
}

/** The number that is held against the target. */
function resultOf({ sluice, baseline, compared }: Line): number {
  return compared === 'ratio' ? sluice / baseline : sluice - baseline;
}

/** Whether a line reaches its target. */
function isReached(line: Line): boolean {
  const result = resultOf(line);
  return 'atLeast' in line.target ? result >= line.target.atLeast : result <= line.target.atMost;
}

/** The lines as a table for people. */
export function toTable(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.what,
    `${format(line.sluice)} ${line.unit}`,
    `${format(line.baseline)} ${line.unit} (${line.baselineIs})`,
    `${line.compared === 'ratio' ? '×' : ''}${format(resultOf(line))}`,
    'atLeast' in line.target ? `≥ ${line.target.atLeast}` : `≤ ${line.target.atMost}`,
    isReached(line) ? 'reached' : 'not yet',
  ]);
  const head = ['what', 'sluice', 'baseline', 'result', 'target', ''];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  return [head, ...rows]
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  '))
    .join('\n');
}

/** The middle one. */
export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which the share of all values lies. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
