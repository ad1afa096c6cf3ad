import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nextFramePieces, nextMessageHead, shortNextFrame } from '../../../src/server/next-frame.ts';

/** The text of one unmasked text frame, read as RFC 6455 says; what is not one throws. */
function textOf(frame: Buffer): string {
  if (frame[0] !== 0x81) throw new Error('Not a whole text frame.');
  const short = frame[1] ?? 0;
  const [length, start] =
    short < 126 ? [short, 2] : short === 126 ? [frame.readUInt16BE(2), 4] : [Number(frame.readBigUInt64BE(2)), 10];
  if (frame.length !== start + length)
    throw new Error(`The frame says ${length} bytes, and has ${frame.length - start}.`);
  return frame.toString('utf8', start);
}

const payloadOf = (text: string) => {
  const json = Buffer.from(text);
  return { text, json, bytes: json.length, isAscii: json.length === text.length };
};
/** The bytes of a frame, short or long. */
function frameOf(id: string, text: string): Buffer {
  const head = nextMessageHead(id);
  const payload = payloadOf(text);
  const short = shortNextFrame(head, payload);
  return short === null ? Buffer.concat(nextFramePieces(head, payload)) : Buffer.from(short, 'latin1');
}

describe('the frame of a next message', () => {
  it('is a whole WebSocket frame with the message of the protocol, whatever its id and its length', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.uuid()),
        fc.oneof(fc.nat(200), fc.integer({ min: 65_000, max: 66_000 }), fc.integer({ min: 15_800, max: 16_100 })),
        fc.constantFrom('a', 'é', '語', '😀'),
        (id, length, character) => {
          const payload = { data: { text: character.repeat(length) } };
          const message = JSON.parse(textOf(frameOf(id, JSON.stringify(payload))));
          expect(message).toEqual({ id: id.toWellFormed(), type: 'next', payload });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('leaves a long payload where it is', () => {
    const payload = payloadOf(`"${'x'.repeat(100_000)}"`);
    expect(shortNextFrame(nextMessageHead('1'), payload)).toBeNull();
    expect(nextFramePieces(nextMessageHead('1'), payload)[1]).toBe(payload.json);
  });
});
