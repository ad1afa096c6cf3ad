/** Bytes ↔ values, per declared format. */

export { toCanonicalDate, toCanonicalDateTime } from './calendar.ts';
export { compareSchemas, examineSchema, type SchemaComparison } from './compare-schemas.ts';
export { createCodec } from './create-codec.ts';
export { declaredSchema, hasSchema } from './declared-schema.ts';
export { knownFiles as knownProtoFiles } from './protobuf-files.ts';
export { type ProtobufPlan, planProtobuf } from './protobuf-plan.ts';
export type {
  Codec,
  Decoded,
  DecodeFault,
  Node,
  NumberedSchema,
  RegisteredSchema,
  SchemaFault,
  SchemaReference,
  Schemas,
  Side,
} from './types.ts';
