import { isUtf8 } from 'node:buffer';
import type { DraftedRecords } from './declaration.ts';
import { inferJson } from './infer-json.ts';
import { type ObjectShape, scalar } from './shape.ts';

/** What Confluent's serializers write first; four bytes with the schema's id follow. */
const magicByte = 0;
const framingBytes = 5;

/**
 * What the values of a sample amount to: JSON objects, else text, else bytes. Every value of the sample fits it, but
 * for a few among a hundred and more that are no JSON.
 */
export function draftSample(values: readonly Buffer[]): DraftedRecords {
  const json = inferJson(values);
  if (json !== null) {
    const { type, misfits } = json;
    const bad = `${misfits} of the ${values.length} records looked at are no JSON objects: they show as edges with an error.`;
    return { format: 'JSON', type, remarks: misfits === 0 ? [] : [bad] };
  }
  if (values.every(isText)) {
    return {
      format: 'RAW',
      type: one('text', 'String'),
      remarks: ['The records are no JSON objects with known keys, but text.'],
    };
  }
  const isFramed = values.every((value) => value.length > framingBytes && value[0] === magicByte);
  const hint =
    'They begin as records do whose schema is in a registry: name it with SLUICE_REGISTRY_URL and import again.';
  return {
    format: 'RAW',
    type: one('bytes', 'Bytes'),
    remarks: ['The records are neither JSON nor text.', ...(isFramed ? [hint] : [])],
  };
}

/** UTF-8 without the control characters that no text has. */
function isText(value: Buffer): boolean {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
  return isUtf8(value) && !/[\u0000-\u0008\u000e-\u001a\u001c-\u001f]/.test(value.toString('utf8'));
}

function one(column: string, name: 'String' | 'Bytes'): ObjectShape {
  const member = { column, description: null, shape: scalar(name), required: true, remark: null };
  return { name: null, description: null, members: [member], leftOut: [] };
}
