import { z } from 'zod';
import type { RegisteredSchema } from '#codec';
import {
  asId,
  isEnumValue,
  type Member,
  maxTypeDepth,
  type ObjectShape,
  type Shape,
  scalar,
  Undeclarable,
  whyLeftOut,
} from './shape.ts';

const named = z.looseObject({
  type: z.unknown().optional(),
  name: z.string().optional(),
  namespace: z.string().optional(),
  doc: z.string().optional(),
  logicalType: z.string().optional(),
  fields: z
    .array(z.looseObject({ name: z.string(), type: z.unknown().optional(), doc: z.string().optional() }))
    .optional(),
  symbols: z.array(z.string()).optional(),
  items: z.unknown().optional(),
});
type Named = z.infer<typeof named>;

const primitives: Readonly<Record<string, Shape>> = {
  boolean: scalar('Boolean'),
  int: scalar('Int'),
  long: scalar('BigInt'),
  float: scalar('Float'),
  double: scalar('Float'),
  string: scalar('String'),
  bytes: scalar('Bytes'),
};

const logicalTypes: Readonly<Record<string, Shape>> = {
  decimal: scalar('Decimal'),
  uuid: scalar('ID'),
  date: scalar('Date'),
  'time-millis': scalar('Time'),
  'time-micros': scalar('Time'),
  'timestamp-millis': scalar('DateTime'),
  'timestamp-micros': scalar('DateTime'),
  'timestamp-nanos': scalar('DateTime'),
  'local-timestamp-millis': scalar('DateTime'),
  'local-timestamp-micros': scalar('DateTime'),
  'local-timestamp-nanos': scalar('DateTime'),
};

/** The type of the records of an Avro schema. Throws {@link Undeclarable}. */
export function readAvro({ text, references }: RegisteredSchema): ObjectShape {
  const reader = new AvroReader();
  for (const reference of references) reader.read(parse(reference.text), '', []);
  const { shape } = reader.read(parse(text), '', []);
  if (shape?.kind !== 'object') throw new Undeclarable('its Avro schema is no record');
  return shape.type;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A name alone is a schema too.
    return text.trim();
  }
}

interface Read {
  /** Null: only null. */
  readonly shape: Shape | null;
  readonly isNullable: boolean;
  readonly remark: string | null;
}

class AvroReader {
  /** Records and enums by their full names. */
  readonly #known = new Map<string, Shape>();

  /** `path` holds the full names of the records around it. */
  read(schema: unknown, namespace: string, path: readonly string[]): Read {
    if (Array.isArray(schema)) return this.#readUnion(schema, namespace, path);
    if (typeof schema === 'string') return this.#readName(schema, namespace, path);
    const parsed = named.safeParse(schema);
    if (!parsed.success) throw new Undeclarable('its Avro schema is not valid');
    const { type, logicalType } = parsed.data;
    const logical = logicalType === undefined ? undefined : logicalTypes[logicalType];
    if (logical !== undefined) return found(logical);
    switch (type) {
      case 'record':
      case 'error':
        if (path.length >= maxTypeDepth) return asJson(`nested more than ${maxTypeDepth} deep`);
        return this.#readRecord(parsed.data, namespace, path);
      case 'enum':
        return found(this.#readEnum(parsed.data, namespace));
      case 'fixed':
        this.#known.set(fullName(parsed.data, namespace), scalar('Bytes'));
        return found(scalar('Bytes'));
      case 'map':
        return asJson('a map');
      case 'array': {
        const item = this.read(parsed.data.items, namespace, path);
        const of = item.shape ?? scalar('JSON');
        return { ...item, shape: { kind: 'list', of, itemRequired: !item.isNullable }, isNullable: false };
      }
      default:
        return this.read(type, namespace, path);
    }
  }

  #readName(name: string, namespace: string, path: readonly string[]): Read {
    if (name === 'null') return { shape: null, isNullable: true, remark: null };
    const primitive = primitives[name];
    if (primitive !== undefined) return found(primitive);
    const full = name.includes('.') || namespace === '' ? name : `${namespace}.${name}`;
    if (path.includes(full)) return asJson(`the record ${full}, which contains itself`);
    const known = this.#known.get(full) ?? this.#known.get(name);
    if (known === undefined) throw new Undeclarable(`the type ${name} is not in the schema`);
    return found(known);
  }

  #readUnion(branches: readonly unknown[], namespace: string, path: readonly string[]): Read {
    const others = branches.filter((branch) => branch !== 'null');
    const isNullable = others.length < branches.length;
    const [only] = others;
    if (only === undefined) return { shape: null, isNullable: true, remark: null };
    if (others.length === 1) return { ...this.read(only, namespace, path), isNullable };
    return { ...asJson('a union of several types'), isNullable };
  }

  #readRecord(schema: Named, namespace: string, path: readonly string[]): Read {
    const full = fullName(schema, namespace);
    const own = full.slice(0, Math.max(0, full.lastIndexOf('.')));
    const members: Member[] = [];
    const leftOut: string[] = [];
    for (const { name, type, doc } of schema.fields ?? []) {
      const refusal = whyLeftOut(name, path.length > 0);
      if (refusal === null) {
        const { shape, isNullable, remark } = this.read(type, own, [...path, full]);
        const [known, said] = shape === null ? [scalar('JSON'), 'always null'] : [asId(shape, name), remark];
        members.push({ column: name, description: doc ?? null, shape: known, required: !isNullable, remark: said });
      } else leftOut.push(refusal);
    }
    if (members.length === 0) return asJson('a record without fields');
    const type = { name: shortName(schema), description: schema.doc ?? null, members, leftOut };
    const shape: Shape = { kind: 'object', type };
    this.#known.set(full, shape);
    return found(shape);
  }

  #readEnum(schema: Named, namespace: string): Shape {
    const symbols = schema.symbols ?? [];
    const values = symbols.map((name) => ({ name, description: null }));
    const type = { name: shortName(schema), description: schema.doc ?? null, values };
    const shape: Shape = symbols.length > 0 && symbols.every(isEnumValue) ? { kind: 'enum', type } : scalar('String');
    this.#known.set(fullName(schema, namespace), shape);
    return shape;
  }
}

function found(shape: Shape): Read {
  return { shape, isNullable: false, remark: null };
}

/** Without the namespace. */
function shortName({ name }: Named): string | null {
  return name === undefined ? null : name.slice(name.lastIndexOf('.') + 1);
}

function asJson(remark: string): Read {
  return { ...found(scalar('JSON')), remark };
}

function fullName({ name = '', namespace }: Named, around: string): string {
  const own = namespace ?? around;
  return name.includes('.') || own === '' ? name : `${own}.${name}`;
}
