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

const node = z.looseObject({
  type: z.union([z.string(), z.array(z.string())]).optional(),
  title: z.string().optional(),
  description: z.string().optional(),
  format: z.string().optional(),
  enum: z.array(z.unknown()).optional(),
  minimum: z.number().optional(),
  maximum: z.number().optional(),
  properties: z.record(z.string(), z.unknown()).optional(),
  required: z.array(z.string()).optional(),
  items: z.unknown().optional(),
  oneOf: z.array(z.unknown()).optional(),
  anyOf: z.array(z.unknown()).optional(),
  $ref: z.string().optional(),
});
type JsonSchema = z.infer<typeof node>;

const textFormats: Readonly<Record<string, Shape>> = {
  'date-time': scalar('DateTime'),
  date: scalar('Date'),
  uuid: scalar('ID'),
};
const smallestInt = -(2 ** 31);
const largestInt = 2 ** 31 - 1;

/** The type of the records of a JSON Schema. Throws {@link Undeclarable}. */
export function readJsonSchema({ text, references }: RegisteredSchema): ObjectShape {
  const reader = new JsonSchemaReader(
    parse(text),
    new Map(references.map(({ name, text: own }) => [name, parse(own)])),
  );
  const { shape } = reader.read();
  if (shape.kind !== 'object') throw new Undeclarable('its JSON Schema is none of an object with known properties');
  return shape.type;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Undeclarable('its JSON Schema is no JSON');
  }
}

interface Read {
  readonly shape: Shape;
  readonly isNullable: boolean;
  readonly remark: string | null;
}

class JsonSchemaReader {
  readonly #root: unknown;
  readonly #references: ReadonlyMap<string, unknown>;

  constructor(root: unknown, references: ReadonlyMap<string, unknown>) {
    this.#root = root;
    this.#references = references;
  }

  read(): Read {
    return this.#read(this.#root, 0, 0);
  }

  #read(schema: unknown, depth: number, followed: number): Read {
    const parsed = node.safeParse(schema);
    if (!parsed.success) return asJson('any value');
    const { $ref, oneOf, anyOf } = parsed.data;
    if ($ref !== undefined) return this.#follow($ref, depth, followed);
    const branches = oneOf ?? anyOf;
    if (branches !== undefined) return this.#readBranches(branches, depth, followed);
    return this.#readTyped(parsed.data, depth);
  }

  #follow(reference: string, depth: number, followed: number): Read {
    if (followed > maxTypeDepth) return asJson('it refers to itself');
    const [document = '', pointer = ''] = reference.split('#');
    let found = document === '' ? this.#root : this.#references.get(document);
    for (const step of pointer.split('/').slice(1)) {
      const key = decodeURIComponent(step).replaceAll('~1', '/').replaceAll('~0', '~');
      const holder = z.record(z.string(), z.unknown()).safeParse(found);
      found = holder.success && Object.hasOwn(holder.data, key) ? holder.data[key] : undefined;
    }
    return found === undefined ? asJson(`${reference} is not in the schema`) : this.#read(found, depth, followed + 1);
  }

  #readBranches(branches: readonly unknown[], depth: number, followed: number): Read {
    const others = branches.filter((branch) => node.safeParse(branch).data?.type !== 'null');
    const [only, ...more] = others;
    const isNullable = others.length < branches.length;
    if (only === undefined || more.length > 0) return { ...asJson('of several types'), isNullable };
    const read = this.#read(only, depth, followed);
    return { ...read, isNullable: isNullable || read.isNullable };
  }

  #readTyped(schema: JsonSchema, depth: number): Read {
    const types = typeof schema.type === 'string' ? [schema.type] : (schema.type ?? []);
    const others = types.filter((type) => type !== 'null');
    const isNullable = others.length < types.length || schema.enum?.includes(null) === true;
    const [type = schema.properties === undefined ? undefined : 'object', ...more] = others;
    if (more.length > 0) return { ...asJson('of several types'), isNullable };
    return { ...this.#readOne(type, schema, depth), isNullable };
  }

  #readOne(type: string | undefined, schema: JsonSchema, depth: number): Read {
    switch (type) {
      case 'string':
        return found(readString(schema));
      case 'boolean':
        return found(scalar('Boolean'));
      case 'integer':
        return found(readInteger(schema));
      case 'number':
        return found(scalar('Float'));
      case 'array':
        return this.#readList(schema, depth);
      case 'object':
        return this.#readObject(schema, depth);
      default:
        return asJson('any value');
    }
  }

  #readList({ items }: JsonSchema, depth: number): Read {
    if (depth >= maxTypeDepth) return asJson(`nested more than ${maxTypeDepth} deep`);
    const { shape: of, isNullable, remark } = this.#read(items, depth + 1, 0);
    return { shape: { kind: 'list', of, itemRequired: !isNullable }, isNullable: false, remark };
  }

  #readObject(schema: JsonSchema, depth: number): Read {
    const properties = Object.entries(schema.properties ?? {});
    if (properties.length === 0) return asJson('an object without known keys');
    if (depth >= maxTypeDepth) return asJson(`nested more than ${maxTypeDepth} deep`);
    const members: Member[] = [];
    const leftOut: string[] = [];
    for (const [column, property] of properties) {
      const refusal = whyLeftOut(column, depth > 0);
      if (refusal !== null) {
        leftOut.push(refusal);
        continue;
      }
      const { shape, isNullable, remark } = this.#read(property, depth + 1, 0);
      const required = schema.required?.includes(column) === true && !isNullable;
      const description = node.safeParse(property).data?.description ?? null;
      members.push({ column, description, shape: asId(shape, column), required, remark });
    }
    if (members.length === 0) return asJson('an object without a key that can be declared');
    const { title, description } = schema;
    const name = title !== undefined && /^[A-Za-z][\w .-]{0,60}$/.test(title) ? title : null;
    return found({ kind: 'object', type: { name, description: description ?? null, members, leftOut } });
  }
}

function readString({ enum: values, format }: JsonSchema): Shape {
  const names = values?.filter((value) => typeof value === 'string') ?? [];
  if (names.length > 0 && names.every(isEnumValue)) {
    const type = { name: null, description: null, values: names.map((name) => ({ name, description: null })) };
    return { kind: 'enum', type };
  }
  return (format === undefined ? undefined : textFormats[format]) ?? scalar('String');
}

function readInteger({ minimum, maximum }: JsonSchema): Shape {
  const isInt = minimum !== undefined && maximum !== undefined && minimum >= smallestInt && maximum <= largestInt;
  return scalar(isInt ? 'Int' : 'BigInt');
}

function found(shape: Shape): Read {
  return { shape, isNullable: false, remark: null };
}

function asJson(remark: string): Read {
  return { ...found(scalar('JSON')), remark };
}
