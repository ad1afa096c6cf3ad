import { SluiceError } from '#errors';
import { isWhere, type Where } from './filter-where.ts';

/** How deep the objects of a filter may lie in each other; `{ and: { address: { city: { eq } } } }` are four. */
const maxFilterDepth = 20;
/** How many objects of conditions a filter may have below the outermost. */
const maxFilterConditions = 1000;
/** How many values the `in` lists of a filter may have together. */
const maxFilterValues = 10_000;

/**
 * Refuses a filter that is too deep or too large, with BAD_INPUT. Every function that compiles or walks a filter asks
 * here first, so none of them overflows the stack.
 */
export function checkFilterSize(where: Where): void {
  checkObject(where, 1, { conditions: 0, values: 0 });
}

interface Seen {
  conditions: number;
  values: number;
}

function checkObject(where: Where, depth: number, seen: Seen): void {
  if (depth > maxFilterDepth) throw tooLarge(`it is nested more than ${maxFilterDepth} deep`);
  for (const condition of Object.values(where)) {
    if (isWhere(condition)) checkPart(condition, depth, seen);
    else if (Array.isArray(condition)) checkList(condition, depth, seen);
  }
}

function checkPart(part: Where, depth: number, seen: Seen): void {
  seen.conditions++;
  if (seen.conditions > maxFilterConditions) throw tooLarge(`it has more than ${maxFilterConditions} conditions`);
  checkObject(part, depth + 1, seen);
}

function checkList(list: readonly unknown[], depth: number, seen: Seen): void {
  for (const member of list) {
    if (isWhere(member)) checkPart(member, depth, seen);
    else seen.values++;
    if (seen.values > maxFilterValues) throw tooLarge(`its lists have more than ${maxFilterValues} values`);
  }
}

function tooLarge(reason: string): SluiceError {
  return new SluiceError('BAD_INPUT', `Argument "where": the filter is too large: ${reason}.`, {
    details: { argument: 'where' },
  });
}
