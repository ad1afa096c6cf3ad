/**
 * What decides whether one version of a view can go on from the state of another. Flink itself maps state by the place
 * of an operator in the job: it would give the counts of one GROUP BY to another without a word. So the optimised
 * plans are compared, each reduced to the operators with their shape and, of each, the parts that its state hangs on:
 *
 * - of a source: the table and its watermark, not which columns are read;
 * - of a Calc (projection and WHERE): nothing when no operator with state takes its rows; otherwise the projection,
 *   which gives that operator's columns their meaning, but not the WHERE;
 * - of the sink: the table, its key, and whether it drops rows without required values;
 * - of all others: every word of Flink's description.
 */
export type StatePlan = string;

interface Operator {
  readonly depth: number;
  readonly name: string;
  readonly text: string;
}

/** What the plan text does not tell about the sink. */
export interface SinkFacts {
  readonly key: readonly string[];
  /** Whether some column is NOT NULL: Flink then puts an operator before the sink. */
  readonly hasRequired: boolean;
}

const sectionHead = '== Optimized Execution Plan ==';
const operatorLine = /^((?: {3}|: {2})*)(?:\+- |:- )(.*)$/;
/** They keep nothing of the rows that pass. */
const stateless = new Set(['Calc', 'Union', 'DropUpdateBefore']);
/** Parts of a scan that do not touch what is kept: which columns are read, and how idle partitions are waited for. */
const scanSettings = /^(?:metadata|project|idletimeout|watermarkEmitStrategy)=/;

/** Reduces the answer of EXPLAIN to the view's {@link StatePlan}. */
export function toStatePlan(explained: string, sink: SinkFacts): StatePlan {
  const withState: boolean[] = [];
  const lines = readOperators(explained).map((operator) => {
    const { depth, name } = operator;
    const isBelowState = depth > 0 && withState[depth - 1] === true;
    const text = describe(operator, isBelowState, sink);
    withState[depth] = isBelowState || keepsState(name, text);
    return `${'  '.repeat(depth)}${text}`;
  });
  return lines.join('\n');
}

/** The first place where two plans differ, in words; null when state of the one fits the other. */
export function differenceOf(before: StatePlan, now: StatePlan): string | null {
  if (before === now) return null;
  const old = before.split('\n');
  const young = now.split('\n');
  const at = young.findIndex((line, index) => line !== old[index]);
  const [was, is] = at < 0 ? [old[young.length], undefined] : [old[at], young[at]];
  if (was === undefined) return `${is?.trim()} has come in addition.`;
  if (is === undefined) return `${was.trim()} is there no more.`;
  return `It was ${was.trim()}, it is ${is.trim()}.`;
}

function readOperators(explained: string): readonly Operator[] {
  const start = explained.indexOf(sectionHead);
  const operators: Operator[] = [];
  for (const line of explained
    .slice(start < 0 ? 0 : start + sectionHead.length)
    .trim()
    .split('\n')) {
    const [, indent, child] = operatorLine.exec(line) ?? [];
    const last = operators.at(-1);
    if (child === undefined && last) {
      // A line break within a text literal.
      operators[operators.length - 1] = { ...last, text: `${last.text}\n${line}`.replaceAll('\n', '\\n') };
      continue;
    }
    const text = child ?? line;
    const depth = child === undefined ? 0 : (indent ?? '').length / 3 + 1;
    operators.push({ depth, name: /^\w+/.exec(text)?.[0] ?? text, text });
  }
  return operators;
}

function keepsState(name: string, described: string): boolean {
  return name === 'Sink' ? described.includes('upsertMaterialize=[true]') : !stateless.has(name);
}

function describe({ name, text }: Operator, isBelowState: boolean, sink: SinkFacts): string {
  // A description that does not read as expected counts with every word.
  const parts = partsOf(text.slice(name.length));
  if (!parts) return text;
  const without = (names: RegExp) => `${name}(${parts.filter((part) => !names.test(part)).join(', ')})`;
  switch (name) {
    case 'Calc':
      return isBelowState ? without(/^where=/) : 'Calc';
    case 'TableSourceScan':
      return `${name}(${parts
        .filter((part) => part.startsWith('table='))
        .map(withoutScanSettings)
        .join(', ')})`;
    case 'Sink': {
      const kept = keepsState(name, text) ? without(/^targetColumns=/) : without(/^(?:targetColumns|fields)=/);
      return `${kept.slice(0, -1)}, key=[${sink.key.join(', ')}], required=[${sink.hasRequired}])`;
    }
    default:
      return text;
  }
}

function withoutScanSettings(part: string): string {
  const inner = /^table=\[(\[.*\])\]$/s.exec(part)?.[1];
  const parts = inner === undefined ? null : partsOf(inner);
  return parts ? `table=[[${parts.filter((setting) => !scanSettings.test(setting)).join(', ')}]]` : part;
}

/** `(a=[…], b=[…])` → its parts: split at commas outside brackets and quotes; null when they do not match up. */
function partsOf(text: string): readonly string[] | null {
  const parts: string[] = [];
  let depth = 0;
  let isQuoted = false;
  let from = 1;
  for (let at = 1; at < text.length - 1; at += 1) {
    const char = text[at];
    if (char === "'") isQuoted = !isQuoted;
    else if (isQuoted) continue;
    else if (char === '[' || char === '(') depth += 1;
    else if (char === ']' || char === ')') depth -= 1;
    else if (char === ',' && depth === 0) {
      parts.push(text.slice(from, at).trim());
      from = at + 1;
    }
    if (depth < 0) return null;
  }
  return depth === 0 && !isQuoted ? [...parts, text.slice(from, -1).trim()] : null;
}
