import type { Source } from '#model';
import { examineAvro } from './avro.ts';
import { examineJsonSchema } from './examine-json-schema.ts';
import { Findings } from './findings.ts';
import { examineProtobuf } from './protobuf.ts';
import type { RegisteredSchema, Side } from './types.ts';
import { Unmapped } from './unmapped.ts';

/** How a declaration stands to the schema that its subject has. */
export interface SchemaComparison {
  /** By field, in words: what is missing on either side, and types that do not map. Empty: it can be read and written. */
  readonly faults: readonly string[];
  /** Declarations that are narrower than the schema: a record that holds a null, a long integer or one more enum value would not decode. */
  readonly wider: readonly string[];
}

/**
 * Holds a declaration against the schema that its subject has. What is found, by field, in words: see
 * {@link SchemaComparison}. Empty: they fit.
 */
export function compareSchemas(source: Source, registered: RegisteredSchema, side: Side = 'VALUE'): readonly string[] {
  const { faults, wider } = examineSchema(source, registered, side);
  return [...faults, ...wider];
}

/** The same, with what hinders apart from what only may. */
export function examineSchema(source: Source, registered: RegisteredSchema, side: Side = 'VALUE'): SchemaComparison {
  const expected =
    side === 'KEY' || source.format === 'AVRO' ? 'AVRO' : source.format === 'PROTOBUF' ? 'PROTOBUF' : 'JSON';
  if (registered.type !== expected) {
    return { faults: [`the registered schema is of type ${registered.type}, expected ${expected}`], wider: [] };
  }
  const findings = new Findings();
  try {
    if (expected === 'AVRO') examineAvro(registered, side === 'KEY' ? source.key : source.fields, findings);
    else if (expected === 'PROTOBUF') examineProtobuf(registered, source, findings);
    else examineJsonSchema(registered, source.fields, findings);
  } catch (thrown) {
    if (!(thrown instanceof Unmapped)) throw thrown;
    findings.fault(thrown.message);
  }
  // What reading and writing both find is told once.
  return { faults: [...new Set(findings.faults)], wider: [...new Set(findings.wider)] };
}
