import { messageOf } from '#errors';
import type { Field, FieldType, ScalarName } from '#model';
import { describeType } from './describe-type.ts';
import type { Findings } from './findings.ts';
import { parseJsonSchema } from './json-schema.ts';
import type { RegisteredSchema } from './types.ts';
import { Unmapped } from './unmapped.ts';

type Schema = Readonly<Record<string, unknown>>;

/** The JSON types that a declared scalar can be read from. */
const readable: Readonly<Record<ScalarName, readonly string[]>> = {
  ID: ['string', 'integer'],
  String: ['string'],
  Int: ['integer', 'number'],
  BigInt: ['integer', 'number', 'string'],
  Float: ['number', 'integer'],
  Boolean: ['boolean'],
  DateTime: ['string'],
  Date: ['string'],
  Time: ['string'],
  Decimal: ['number', 'integer', 'string'],
  Bytes: ['string'],
  JSON: ['string', 'integer', 'number', 'boolean', 'array', 'object', 'null'],
};

/**
 * Adds what is found when fields are held against a JSON Schema. JSON Schema can say more than types can: only what it
 * says plainly, by `properties`, `required`, `type`, `items` and `$ref` within itself, is looked at.
 */
export function examineJsonSchema(registered: RegisteredSchema, fields: readonly Field[], findings: Findings): void {
  let root: Schema | boolean;
  try {
    root = parseJsonSchema(registered.text);
  } catch (thrown) {
    throw new Unmapped(`the JSON Schema cannot be used: ${messageOf(thrown)}`);
  }
  if (typeof root === 'object') examineObject(root, fields, { root, findings });
}

interface Context {
  readonly root: Schema;
  readonly findings: Findings;
}

function examineObject(given: Schema, fields: readonly Field[], context: Context): void {
  const { findings } = context;
  const schema = resolve(given, context.root);
  const properties = asSchema(schema['properties']);
  if (properties === null) return;
  const required: readonly unknown[] = Array.isArray(schema['required']) ? schema['required'] : [];
  for (const field of fields) {
    findings.within(field.column, () => {
      const property = Object.hasOwn(properties, field.column) ? asSchema(properties[field.column]) : null;
      if (property === null) {
        if (schema['additionalProperties'] === false) {
          findings.fault('declared, but the schema neither has it nor allows more than it has');
        } else if (field.required) findings.widen('required, but the schema does not have it');
        return;
      }
      if (field.required && !required.includes(field.column)) {
        findings.widen('may be missing in the schema, but is required');
      }
      examineType(property, field.type, context);
    });
  }
  const declared = new Set(fields.map(({ column }) => column));
  for (const name of required) {
    if (typeof name !== 'string' || declared.has(name)) continue;
    findings.within(name, () => findings.fault('the schema requires it, but the declaration does not have it'));
  }
}

function examineType(given: Schema, type: FieldType, context: Context): void {
  const schema = resolve(given, context.root);
  const types = typesOf(schema);
  if (types.length === 0) return;
  const allowed =
    type.kind === 'scalar'
      ? readable[type.name]
      : type.kind === 'list'
        ? ['array']
        : type.kind === 'object'
          ? ['object']
          : ['string'];
  const foreign = types.filter((name) => name !== 'null' && !allowed.includes(name));
  if (foreign.length > 0) {
    const what = `declared ${describeType(type)}, but the schema has ${foreign.join(', ')}`;
    if (foreign.length === types.filter((name) => name !== 'null').length)
      throw new Unmapped(`${what}, which does not map`);
    context.findings.widen(`${what} too`);
  }
  if (type.kind === 'object') examineObject(schema, type.type.fields, context);
  const items = asSchema(schema['items']);
  if (type.kind === 'list' && items !== null) examineType(items, type.of, context);
}

/** Follows a `$ref` within the schema, and goes into a choice between null and one other. */
function resolve(schema: Schema, root: Schema, depth = 0): Schema {
  if (depth > 10) return {};
  const reference = schema['$ref'];
  if (typeof reference === 'string') {
    if (!reference.startsWith('#')) return {};
    const steps = reference
      .slice(1)
      .split('/')
      .filter((step) => step !== '');
    let found: unknown = root;
    for (const step of steps) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
      const inner = asSchema(found);
      found = inner !== null && Object.hasOwn(inner, name) ? inner[name] : undefined;
    }
    const target = asSchema(found);
    return target === null ? {} : resolve(target, root, depth + 1);
  }
  const choices = schema['oneOf'] ?? schema['anyOf'];
  if (!Array.isArray(choices)) return schema;
  const others = choices.map(asSchema).filter((choice) => choice !== null && choice['type'] !== 'null');
  const [only] = others;
  // A choice between several is not looked into.
  return others.length === 1 && only ? resolve(only, root, depth + 1) : {};
}

function typesOf(schema: Schema): readonly string[] {
  const { type } = schema;
  if (typeof type === 'string') return [type];
  return Array.isArray(type) ? type.filter((name) => typeof name === 'string') : [];
}

function asSchema(value: unknown): Schema | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Schema) : null;
}
