import { createRequire } from 'node:module';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { quickenVarints } from '../../../src/kafka/quick-varints.ts';

interface Encoder {
  readonly buffer: Buffer;
  writeVarInt(value: number): Encoder;
  writeVarLong(value: unknown): Encoder;
}

type EncoderClass = (new (
  size?: number,
) => Encoder) & {
  sizeOfVarInt(value: number): number;
  sizeOfVarLong(value: unknown): number;
};

const path = 'kafkajs/src/protocol/encoder';

/** The class as it is in the package, whoever has changed the one that is loaded. */
function loadUntouched(): EncoderClass {
  const load = createRequire(import.meta.url);
  const file = load.resolve(path);
  const loaded = load.cache[file];
  delete load.cache[file];
  try {
    return load(path);
  } finally {
    if (loaded) load.cache[file] = loaded;
    else delete load.cache[file];
  }
}

it('lets kafkajs write the very bytes that it wrote before', () => {
  const before = loadUntouched();
  const loaded: EncoderClass = createRequire(import.meta.url)(path);
  quickenVarints();
  expect(loaded).not.toBe(before);
  fc.assert(
    fc.property(fc.array(fc.integer()), fc.array(fc.oneof(fc.integer(), fc.maxSafeInteger())), (ints, longs) => {
      const write = (type: EncoderClass) => {
        const encoder = new type(1);
        for (const value of ints) encoder.writeVarInt(value);
        for (const value of longs) encoder.writeVarLong(value);
        return encoder.buffer.toString('hex');
      };
      expect(write(loaded)).toBe(write(before));
      for (const value of longs) expect(loaded.sizeOfVarLong(value)).toBe(before.sizeOfVarLong(value));
    }),
  );
});
