import { z } from 'zod';
import type { RegisteredSchema } from '#codec';
import { protobufTypeName } from './protobuf-shape.ts';

const named = z.looseObject({ name: z.string(), namespace: z.string().optional() });
const titled = z.looseObject({ title: z.string() });

/**
 * What a schema calls its records: Avro's full name, a Protobuf file's first message, a JSON Schema's title. Null where
 * it has no name for them.
 */
export function schemaTypeName({ type, text }: RegisteredSchema): string | null {
  try {
    if (type === 'PROTOBUF') return protobufTypeName(text);
    const parsed: unknown = JSON.parse(text);
    if (type === 'JSON') return titled.safeParse(parsed).data?.title ?? null;
    const { data } = named.safeParse(parsed);
    if (data === undefined) return null;
    return data.namespace === undefined || data.name.includes('.') ? data.name : `${data.namespace}.${data.name}`;
  } catch {
    // It cannot be read, which is told when it is to be declared.
    return null;
  }
}
