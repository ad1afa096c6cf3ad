import { SluiceError } from '#errors';
import type { Field } from '#model';
import { toText } from './decode-json.ts';
import { refusingMisfits } from './encode-json.ts';
import type { Codec } from './types.ts';
import { wellFormed } from './well-formed.ts';

/** Values of format RAW: the record's value is the one field, a String as UTF-8 or the Bytes themselves. */
export function createRawValue(field: Field): Pick<Codec, 'decode' | 'encode'> {
  const isBytes = field.type.kind === 'scalar' && field.type.name === 'Bytes';
  return {
    decode(value) {
      const content = isBytes ? value.toString('base64') : toText(value);
      if (content === null) return { ok: false, fault: { reason: 'the value is not valid UTF-8' } };
      return { ok: true, node: { [field.name]: content } };
    },
    encode(node) {
      const content = node[field.name];
      if (Buffer.isBuffer(content)) return content;
      if (typeof content === 'string')
        return isBytes ? Buffer.from(content, 'base64') : refusingMisfits(() => Buffer.from(wellFormed(content)));
      throw new SluiceError('BAD_EVENT', `field \`${field.name}\`: a RAW record needs its value`);
    },
  };
}
