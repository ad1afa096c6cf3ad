import { describe, expect, it } from 'vitest';
import { createCodec } from '#codec';
import { field, stream } from './declared.ts';

describe('a RAW record', () => {
  const text = createCodec(stream([field('line', 'String', { required: true })], { format: 'RAW' }));
  const bytes = createCodec(stream([field('blob', 'Bytes', { required: true })], { format: 'RAW' }));

  it('is the one String as UTF-8, whatever it holds', () => {
    for (const line of ['', 'grün {"a":1}', '\ufeffmark', '\u0000']) {
      expect(text.encode({ line })).toEqual(Buffer.from(line));
      expect(text.decode(Buffer.from(line))).toEqual({ ok: true, node: { line } });
    }
  });

  it('is the Bytes themselves, base64 in the node', () => {
    const value = Buffer.from([0, 255, 128]);
    expect(bytes.decode(value)).toEqual({ ok: true, node: { blob: 'AP+A' } });
    expect(bytes.encode({ blob: 'AP+A' })).toEqual(value);
    expect(bytes.encode({ blob: value })).toEqual(value);
  });

  it('that is not UTF-8 is a fault of a String', () => {
    expect(text.decode(Buffer.from([0xff]))).toEqual({ ok: false, fault: { reason: 'the value is not valid UTF-8' } });
  });

  it('without a value is refused', () => {
    expect(() => text.encode({ line: null })).toThrow('field `line`: a RAW record needs its value');
  });
});
