import type { Field } from '#model';
import { kindOf, partition, text, type ValueKey, type ValueKind } from './filter-values.ts';
import { conditionsOf, isWhere, operatorsOf, partsOf, type Where } from './filter-where.ts';
import type { FeedRecord } from './record.ts';

/** A place in records whose values an index holds. */
export interface FilterPath {
  /** Paths with the same id read the same values. */
  readonly id: string;
  /** The key of the value there, or the keys when there are several; undefined when there is none. */
  keysOf(record: FeedRecord): ValueKey | readonly ValueKey[] | undefined;
}

/** A value that a record must have for a filter to be looked at. */
interface FilterAnchor {
  readonly path: FilterPath;
  readonly key: ValueKey;
}

/** How an index finds a filter: it fits only records that have one of the anchors. */
export interface FilterPlan {
  readonly anchors: readonly FilterAnchor[];
  /** About how many records have one of the anchors, compared with other plans. */
  readonly cost: number;
  /** The filter fits all of these records, and need not be evaluated. */
  readonly isExact: boolean;
}

/** The best plan for a filter; null when it must be evaluated for every record. */
export function planFilter(fields: readonly Field[], where: Where): FilterPlan | null {
  return planObject({ id: '', fields, read: (record) => record.node }, where);
}

/** An object in records, and how to get there. */
interface ObjectPlace {
  readonly id: string;
  readonly fields: readonly Field[];
  readonly read: (record: FeedRecord) => unknown;
}

function planObject(place: ObjectPlace, where: Where): FilterPlan | null {
  return bestOf(conditionsOf(where).map(([name, condition]) => planCondition(place, name, condition)));
}

function planCondition(place: ObjectPlace, name: string, condition: unknown): FilterPlan | null {
  if (name === 'and') return bestOf(partsOf(condition).map((part) => planObject(place, part)));
  if (name === 'or') return unionOf(partsOf(condition).map((part) => planObject(place, part)));
  if (!isWhere(condition) || name === 'not') return null;
  // Only the outermost object asks for its record.
  if (name === 'record') return place.id === '' ? planRecord(condition) : null;
  const field = place.fields.find((candidate) => candidate.name === name);
  return field ? planField(place, field, condition) : null;
}

function planField(place: ObjectPlace, { name, type }: Field, where: Where): FilterPlan | null {
  const id = `${place.id}.${name}`;
  const { read } = place;
  const readField = (record: FeedRecord) => {
    const object = read(record);
    return isWhere(object) ? object[name] : undefined;
  };
  if (type.kind === 'object') return planObject({ id, fields: type.type.fields, read: readField }, where);
  const kind = kindOf(type);
  return kind && planComparison(kind, { id, keysOf: (record) => kind.keyOf(readField(record)) }, where);
}

function planRecord({ partition: ofPartition, key, header }: Where): FilterPlan | null {
  const plans: (FilterPlan | null)[] = [];
  if (isWhere(ofPartition)) {
    plans.push(
      planComparison(partition, { id: 'record.partition', keysOf: (record) => record.partition }, ofPartition),
    );
  }
  if (isWhere(key))
    plans.push(planComparison(text, { id: 'record.key', keysOf: (record) => record.key?.toString() }, key));
  if (isWhere(header)) {
    const { name, ...comparison } = header;
    plans.push(planComparison(text, headerPath(name), comparison));
  }
  return bestOf(plans);
}

function headerPath(name: unknown): FilterPath {
  return {
    id: `record.header.${name}`,
    keysOf: ({ headers }) =>
      headers.flatMap((header) => (header.name === name && header.value ? [header.value.toString()] : [])),
  };
}

function planComparison(kind: ValueKind, path: FilterPath, where: Where): FilterPlan | null {
  return bestOf(
    operatorsOf(where).map(([operator, operand]) => {
      if (operand === null || (operator !== 'eq' && operator !== 'in')) return null;
      const operands = Array.isArray(operand) ? operand : [operand];
      const keys = new Set(operands.map(kind.operandKeyOf));
      const anchors = [...keys].flatMap((key) => (key === undefined ? [] : [{ path, key }]));
      return { anchors, cost: anchors.length * kind.density, isExact: true };
    }),
  );
}

/** Of conditions that must all hold, the one that the fewest records fit. */
function bestOf(plans: readonly (FilterPlan | null)[]): FilterPlan | null {
  let best: FilterPlan | null = null;
  for (const plan of plans) if (plan && (!best || plan.cost < best.cost)) best = plan;
  return best && { ...best, isExact: best.isExact && plans.length === 1 };
}

/** Of conditions of which one must hold, all. */
function unionOf(plans: readonly (FilterPlan | null)[]): FilterPlan | null {
  const anchors: FilterAnchor[] = [];
  let cost = 0;
  let isExact = true;
  for (const plan of plans) {
    if (!plan) return null;
    anchors.push(...plan.anchors);
    cost += plan.cost;
    isExact &&= plan.isExact;
  }
  return { anchors, cost, isExact };
}
