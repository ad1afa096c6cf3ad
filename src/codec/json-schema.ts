import { Ajv, type ValidateFunction } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { messageOf } from '#errors';
import type { Field } from '#model';
import { compileJsonDecoder } from './decode-json.ts';
import { compileJsonEncoder } from './encode-json.ts';
import { createFramed, explainFrame, headerBytes, magicByte } from './frame.ts';
import { Misfit } from './misfit.ts';
import type { Codec, RegisteredSchema, Schemas } from './types.ts';
import { Unmapped } from './unmapped.ts';

/** Larger schemas, and deeper ones, are refused before a validator is generated from them. */
const maxSchemaCharacters = 1_000_000;
const maxSchemaDepth = 200;

/**
 * JSON behind Confluent's frame. Reading needs no schema, so that records are read while the registry is away. What is
 * written is validated, as Confluent's own serializer does by default.
 */
export function createJsonSchemaValue(
  fields: readonly Field[],
  schemas: Pick<Schemas, 'byId' | 'writer'>,
): Pick<Codec, 'decode' | 'encode'> {
  const decodeJson = compileJsonDecoder(fields);
  const encodeJson = compileJsonEncoder(fields, 'OMITTED');
  const { encode } = createFramed(
    {
      type: 'JSON',
      compileReader() {
        throw new Unmapped('JSON is read without a schema');
      },
      compileWriter(schema) {
        const validate = compileValidator(schema);
        return (writer, node) => {
          const text = encodeJson(node);
          if (!validate(JSON.parse(text))) throw new Misfit(explain(validate));
          writer.writeBytes(Buffer.from(text));
        };
      },
    },
    schemas,
  );
  return {
    decode(bytes) {
      if (bytes.length < headerBytes || bytes[0] !== magicByte) {
        return { ok: false, fault: { reason: explainFrame(bytes) } };
      }
      return decodeJson(bytes.subarray(headerBytes));
    },
    encode,
  };
}

/** Prepares the check of a registered schema. Throws {@link Unmapped}. */
function compileValidator({ text, references }: RegisteredSchema): ValidateFunction {
  try {
    const schema = parseJsonSchema(text);
    const ajv = createAjv(schema);
    for (const { name, text: referred } of references) ajv.addSchema(withoutDialect(parseJsonSchema(referred)), name);
    return ajv.compile(withoutDialect(schema));
  } catch (thrown) {
    throw new Unmapped(`the JSON Schema cannot be used: ${messageOf(thrown)}`);
  }
}

/** A JSON Schema: an object, or true or false. */
type JsonSchema = boolean | Readonly<Record<string, unknown>>;

/** Parses the text of a JSON Schema. Throws when it is none, or too large. */
export function parseJsonSchema(text: string): JsonSchema {
  if (text.length > maxSchemaCharacters) throw new Error(`it has more than ${maxSchemaCharacters} characters`);
  const schema: unknown = JSON.parse(text);
  checkDepth(schema, 0);
  if (typeof schema === 'boolean') return schema;
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) throw new Error('it is no JSON object');
  return schema as JsonSchema;
}

function checkDepth(value: unknown, depth: number): void {
  if (typeof value !== 'object' || value === null) return;
  if (depth > maxSchemaDepth) throw new Error(`it is nested more than ${maxSchemaDepth} deep`);
  for (const member of Object.values(value)) checkDepth(member, depth + 1);
}

/** The validator of the schema's dialect; older ones than draft 7 are taken as that. */
function createAjv(schema: JsonSchema): Ajv {
  const dialect = typeof schema === 'object' ? String(schema['$schema'] ?? '') : '';
  const options = { strict: false, validateFormats: false, ownProperties: true, logger: false } as const;
  if (dialect.includes('2020-12')) return new Ajv2020(options);
  return dialect.includes('2019-09') ? new Ajv2019(options) : new Ajv(options);
}

/** Without `$schema`, which would have to be fetched where ajv does not know it. */
function withoutDialect(schema: JsonSchema): JsonSchema {
  if (typeof schema === 'boolean') return schema;
  const { $schema: _dialect, ...rest } = schema;
  return rest;
}

function explain({ errors }: ValidateFunction): string {
  const [first] = errors ?? [];
  const place = first?.instancePath ? ` at ${first.instancePath}` : '';
  return `does not fit the registered JSON Schema${place}: ${first?.message ?? 'it says no more'}`;
}
