/** One measured line: what Sluice did, what the baseline did, and what the design wants of the two. */
export interface Line {
  readonly what: string;
  readonly unit: string;
  readonly sluice: number;
  readonly baseline: number;
  readonly baselineIs: string;
  /** How the two are compared: the quotient, or the difference. */
  readonly compared: 'ratio' | 'difference';
  /** Absent where the design wants the number known and nothing more. */
  readonly target?: { readonly atLeast: number } | { readonly atMost: number };
  /** What one must know to judge the number: under which load, how late, how busy the load generator was. */
  readonly note?: string;
}

/** The number that is held against the target. */
function resultOf({ sluice, baseline, compared }: Line): number {
  return compared === 'ratio' ? sluice / baseline : sluice - baseline;
}

function targetOf({ target }: Line): string {
  if (!target) return '';
  return 'atLeast' in target ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`;
}

/** Whether a line reaches its target; empty where there is none. */
function verdictOn(line: Line): string {
  if (!line.target) return '';
  const result = resultOf(line);
  const isReached = 'atLeast' in line.target ? result >= line.target.atLeast : result <= line.target.atMost;
  return isReached ? 'reached' : 'not yet';
}

/** The lines as a table for people, their notes below it. */
export function toTable(lines: readonly Line[]): string {
  const rows = lines.map((line) => [
    line.what,
    `${format(line.sluice)} ${line.unit}`,
    `${format(line.baseline)} ${line.unit} (${line.baselineIs})`,
    `${line.compared === 'ratio' ? '×' : ''}${format(resultOf(line))}`,
    targetOf(line),
    verdictOn(line),
  ]);
  const head = ['what', 'sluice', 'baseline', 'result', 'target', ''];
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const table = [head, ...rows].map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const notes = lines.flatMap(({ what, note }) => (note ? [`${what}: ${note}`] : []));
  return [...table, ...(notes.length > 0 ? ['', ...notes] : [])].join('\n');
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

/** A number with as many digits as it deserves. */
export function format(value: number): string {
  return value >= 1000 ? Math.round(value).toLocaleString('en-US') : value.toPrecision(3);
}
