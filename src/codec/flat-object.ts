import type { Field } from '#model';
import { commonDateTime, toCanonicalDate, toCanonicalDateTime, toCanonicalTime } from './calendar.ts';
import { generate, objectOf, quote } from './generate.ts';
import type { Node } from './types.ts';

/** How a value of one type is looked at in generated code: what must hold of `v`, and what it then stands for. */
interface Check {
  readonly holds: (v: string) => string;
  readonly value: (v: string) => string;
}

const asItIs = (v: string) => v;
const text: Check = { holds: (v) => `typeof ${v} === 'string'`, value: asItIs };
const canonical = (call: string): Check => ({
  holds: (v) => `typeof ${v} === 'string' && (${v} = ${call}(${v})) !== null`,
  value: asItIs,
});
// The addition turns -0 into 0.
const integer = (holds: Check['holds']): Check => ({ holds, value: (v) => `${v} + 0` });

const checks: Readonly<Record<string, Check>> = {
  ID: text,
  String: text,
  Boolean: { holds: (v) => `typeof ${v} === 'boolean'`, value: asItIs },
  Int: integer((v) => `(${v} | 0) === ${v}`),
  BigInt: integer((v) => `Number.isSafeInteger(${v})`),
  Float: { holds: (v) => `typeof ${v} === 'number' && ${v} - ${v} === 0`, value: asItIs },
  // Nearly all are canonical already; a call more for each record shows.
  DateTime: {
    holds: (v) => `typeof ${v} === 'string' && (commonDateTime.test(${v}) || (${v} = toDateTime(${v})) !== null)`,
    value: asItIs,
  },
  Date: canonical('toDate'),
  Time: canonical('toTime'),
};

/** Turns one object into another; null when the object has anything that is not the plain case. */
export type Convert = (object: object) => Node | null;

/**
 * Prepares the way of the plain case for objects that hold nothing but simple scalars: from column names to field names,
 * or back. Null where there is no such way. What it does not take, for whatever reason, takes the careful way, which also
 * knows the reasons. It is generated as code, since a loop over the fields costs as much as `JSON.parse` itself.
 */
export function compileFlat(fields: readonly Field[], to: 'NODE' | 'RECORD'): Convert | null {
  const lines: string[] = [];
  const names: string[] = [];
  for (const [index, { name, column, type, required }] of fields.entries()) {
    const check = type.kind === 'scalar' ? checks[type.name] : undefined;
    if (!check || isSpecial(name) || isSpecial(column)) return null;
    const [from, into] = to === 'NODE' ? [column, name] : [name, column];
    const v = `v${index}`;
    const absent = required ? 'return null;' : to === 'NODE' ? `${v} = null;` : `${v} = undefined;`;
    lines.push(
      `let ${v} = object[${quote(from)}];`,
      `if (${v} === null || ${v} === undefined) { ${absent} }`,
      `else if (${check.holds(v)}) { ${v} = ${check.value(v)}; } else { return null; }`,
    );
    names.push(into);
  }
  const code = `(object) => {\n${lines.join('\n')}\nreturn ${objectOf(names)};\n}`;
  const toTexts = { toDateTime: toCanonicalDateTime, toDate: toCanonicalDate, toTime: toCanonicalTime };
  return generate(code, { commonDateTime, ...toTexts });
}

/** Names that every object has, and those that an object does not keep in their place. */
function isSpecial(name: string): boolean {
  return name in Object.prototype || /^\d/.test(name);
}
