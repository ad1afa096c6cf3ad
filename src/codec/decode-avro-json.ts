import { readBlock } from './avro-block.ts';
import type { AvroType } from './avro-type.ts';
import {
  compileScalarReader,
  naturalScalar,
  type ReadAvro,
  readAvroText,
  readLength,
  toJsonNumber,
} from './decode-avro-scalar.ts';
import { Misfit } from './misfit.ts';
import { setOwn } from './read-property.ts';

/**
 * Prepares the reader of any type into a JSON value: records and maps as objects, integers beyond a double as strings,
 * decimals and bytes as strings, times as in JSON records. Recursive types are read 100 deep.
 */
export function compileAvroJson(type: AvroType, known: Map<AvroType, ReadAvro> = new Map()): ReadAvro {
  const found = known.get(type);
  if (found !== undefined) return found;
  let compiled: ReadAvro | null = null;
  // Stands in for a type that holds itself, until it is there.
  known.set(type, (reader) => (compiled ? compiled(reader) : null));
  compiled = compileFresh(type, known);
  known.set(type, compiled);
  return compiled;
}

function compileFresh(type: AvroType, known: Map<AvroType, ReadAvro>): ReadAvro {
  const scalar = naturalScalar(type);
  const read = scalar === null ? null : compileScalarReader(type, scalar);
  if (read !== null) return scalar === 'BigInt' ? (reader) => toJsonNumber(read(reader)) : read;
  switch (type.kind) {
    case 'array':
      return nested(listReader(type.of, compileAvroJson(type.of, known)));
    case 'map':
      return nested(mapReader(compileAvroJson(type.of, known)));
    case 'record': {
      const members = type.fields.map((field) => ({ name: field.name, read: compileAvroJson(field.type, known) }));
      return nested((reader) => {
        const value = {};
        for (const member of members) setOwn(value, member.name, member.read(reader));
        return value;
      });
    }
    case 'union':
      return branchReader(type.branches.map((branch) => compileAvroJson(branch, known)));
    default:
      return () => null;
  }
}

/** Bounds how deep a value goes. */
function nested(read: ReadAvro): ReadAvro {
  return (reader) => {
    reader.enter();
    const value = read(reader);
    reader.leave();
    return value;
  };
}

function listReader(item: AvroType, readItem: ReadAvro): ReadAvro {
  const itemSize = smallestSize(item);
  return (reader) => {
    const items: unknown[] = [];
    for (let count = readBlock(reader); count > 0; count = readBlock(reader)) {
      reader.expectItems(count, itemSize);
      for (let left = count; left > 0; left--) items.push(readItem(reader));
    }
    return items;
  };
}

function mapReader(readValue: ReadAvro): ReadAvro {
  return (reader) => {
    const value = {};
    for (let count = readBlock(reader); count > 0; count = readBlock(reader)) {
      reader.expectItems(count, 1);
      for (let left = count; left > 0; left--) setOwn(value, readAvroText(reader), readValue(reader));
    }
    return value;
  };
}

function branchReader(branches: readonly ReadAvro[]): ReadAvro {
  return (reader) => {
    const read = branches[reader.readZigzag32()];
    if (read === undefined) throw new Misfit(`expected one of ${branches.length} types, got the number of none`);
    return read(reader);
  };
}

/** Prepares what goes over a value without keeping it. */
export function compileAvroSkip(type: AvroType, known: Map<AvroType, ReadAvro> = new Map()): ReadAvro {
  const found = known.get(type);
  if (found !== undefined) return found;
  let compiled: ReadAvro | null = null;
  known.set(type, (reader) => (compiled ? compiled(reader) : null));
  compiled = compileFreshSkip(type, known);
  known.set(type, compiled);
  return compiled;
}

function compileFreshSkip(type: AvroType, known: Map<AvroType, ReadAvro>): ReadAvro {
  switch (type.kind) {
    case 'null':
      return () => null;
    case 'boolean':
      return (reader) => reader.take(1);
    case 'int':
    case 'long':
    case 'enum':
      return (reader) => reader.readVarint();
    case 'float':
      return (reader) => reader.take(4);
    case 'double':
      return (reader) => reader.take(8);
    case 'fixed':
      return (reader) => reader.take(type.size);
    case 'bytes':
    case 'string':
      return (reader) => reader.take(readLength(reader));
    case 'array':
      return nested(skipItems(smallestSize(type.of), compileAvroSkip(type.of, known)));
    case 'map': {
      const skipValue = compileAvroSkip(type.of, known);
      return nested(
        skipItems(1, (reader) => {
          reader.take(readLength(reader));
          skipValue(reader);
        }),
      );
    }
    case 'union':
      return branchReader(type.branches.map((branch) => compileAvroSkip(branch, known)));
    case 'record': {
      const skips = type.fields.map((field) => compileAvroSkip(field.type, known));
      return nested((reader) => {
        for (const skip of skips) skip(reader);
      });
    }
  }
}

function skipItems(itemSize: number, skip: ReadAvro): ReadAvro {
  return (reader) => {
    for (let count = readBlock(reader); count > 0; count = readBlock(reader)) {
      reader.expectItems(count, itemSize);
      for (let left = count; left > 0; left--) skip(reader);
    }
  };
}

/** 0 for a type whose values may take no byte at all, else 1: a longer minimum would refuse no more of what lies. */
export function smallestSize(type: AvroType, above: ReadonlySet<AvroType> = new Set()): 0 | 1 {
  if (type.kind === 'null' || (type.kind === 'fixed' && type.size === 0)) return 0;
  if (type.kind !== 'record' || above.has(type)) return type.kind === 'record' ? 0 : 1;
  const within = new Set([...above, type]);
  return type.fields.some((field) => smallestSize(field.type, within) === 1) ? 1 : 0;
}
