import { isJsonObject, parseJson } from './json-values.ts';
import { maxKeys, Observed } from './observed.ts';
import {
  isEnumValue,
  isIdLike,
  type Member,
  maxTypeDepth,
  type ObjectShape,
  type Shape,
  scalar,
  whyLeftOut,
} from './shape.ts';

/** A shape and what should be said of it. */
interface Judged {
  readonly shape: Shape;
  readonly remark: string | null;
}

/** What a sample of JSON records amounts to. */
export interface InferredJson {
  readonly type: ObjectShape;
  /** Records that are no JSON objects: few among many. */
  readonly misfits: number;
}

/** A few bad records among so many do not speak against JSON. */
const manyRecords = 100;
const largestMisfitShare = 0.01;
/** An enum is declared only when its values came often: a value that comes later for the first time would not decode. */
const enumRecords = 100;
const enumOccurrences = 5;
/** Objects with more keys than this are maps when few objects have each of them. */
const manyKeys = 30;
const smallestKeyShare = 0.25;

/**
 * The type of the records, when they are JSON objects: every record of the sample that is one fits it. Null when they
 * are something else, or objects whose keys are data.
 */
export function inferJson(values: readonly Buffer[]): InferredJson | null {
  const root = new Observed(maxTypeDepth);
  for (const bytes of values) {
    const value = parseJson(bytes);
    if (isJsonObject(value)) root.add(value);
  }
  const misfits = values.length - root.objects;
  if (root.objects === 0 || isMap(root)) return null;
  if (misfits > 0 && (values.length < manyRecords || misfits > values.length * largestMisfitShare)) return null;
  const type = toObject(root, false);
  return type.members.length === 0 ? null : { type, misfits };
}

function isMap({ members, objects, hasMoreKeys }: Observed): boolean {
  if (hasMoreKeys) return true;
  if (members.size <= manyKeys) return false;
  const present = [...members.values()].reduce((sum, member) => sum + member.present + member.nulls, 0);
  return present / members.size < objects * smallestKeyShare;
}

function toObject(observed: Observed, nested: boolean): ObjectShape {
  const members: Member[] = [];
  const leftOut: string[] = [];
  for (const [column, member] of observed.members) {
    const refusal = whyLeftOut(column, nested);
    if (refusal !== null) {
      leftOut.push(refusal);
      continue;
    }
    const required = member.present === observed.objects;
    members.push({ column, description: null, required, ...judge(member, column) });
  }
  return { name: null, description: null, members, leftOut };
}

/** The narrowest type that every value seen at the place fits. */
function judge(seen: Observed, column: string): Judged {
  const { strings, numbers, booleans, objects, lists, present } = seen;
  if (present === 0) return asJson('null wherever the sample has it');
  if (strings.count === present) return judgeStrings(seen, column);
  if (numbers.count === present) return { shape: judgeNumbers(seen), remark: null };
  if (booleans === present) return { shape: scalar('Boolean'), remark: null };
  if (lists === present) return judgeLists(seen, column);
  if (objects === present) return judgeObjects(seen);
  if (isIdLike(column) && strings.count + numbers.count === present && numbers.areWhole && numbers.areLongs) {
    return { shape: scalar('ID'), remark: 'numbers and strings in the sample' };
  }
  return asJson('of several types in the sample');
}

function judgeStrings({ strings }: Observed, column: string): Judged {
  if (strings.instants === strings.count) return { shape: scalar('DateTime'), remark: null };
  if (strings.dates === strings.count) return { shape: scalar('Date'), remark: null };
  if (strings.offsetTimes > 0 && strings.offsetTimes + strings.instants === strings.count) {
    return { shape: scalar('String'), remark: 'times with an offset: as DateTime, Flink would read them as null' };
  }
  if (isIdLike(column)) return { shape: scalar('ID'), remark: null };
  const values = strings.values;
  if (values !== null && strings.count >= enumRecords && [...values].every(isSureValue)) {
    const inOrder = [...values.keys()].sort().map((name) => ({ name, description: null }));
    const type = { name: null, description: null, values: inOrder };
    return { shape: { kind: 'enum', type }, remark: `the values of ${strings.count} records` };
  }
  return { shape: scalar('String'), remark: null };
}

/** Only names in upper case are surely constants of some program. */
function isSureValue([text, count]: readonly [string, number]): boolean {
  return count >= enumOccurrences && isEnumValue(text) && /^[A-Z]/.test(text) && text === text.toUpperCase();
}

function judgeNumbers({ numbers }: Observed): Shape {
  const { areWhole, areInts, areLongs, areDecimals, areExact, areFinite } = numbers;
  if (areWhole && areLongs) return scalar(areInts ? 'Int' : 'BigInt');
  if (areDecimals && areExact) return scalar('Decimal');
  return scalar(areFinite ? 'Float' : 'JSON');
}

function judgeLists({ items }: Observed, column: string): Judged {
  if (items === null) return asJson('an empty list wherever the sample has it');
  const { shape, remark } = judge(items, column);
  return { shape: { kind: 'list', of: shape, itemRequired: items.nulls === 0 }, remark };
}

function judgeObjects(seen: Observed): Judged {
  if (seen.members.size === 0) return asJson('an object without known keys');
  if (isMap(seen)) {
    return asJson(seen.hasMoreKeys ? `an object of more than ${maxKeys} keys` : 'an object whose keys differ');
  }
  const type = toObject(seen, true);
  return type.members.length === 0
    ? asJson('an object without a key that can be declared')
    : { shape: { kind: 'object', type }, remark: null };
}

function asJson(remark: string): Judged {
  return { shape: scalar('JSON'), remark };
}
