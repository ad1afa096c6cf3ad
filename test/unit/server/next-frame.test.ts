import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendNextFrame, nextMessageHead } from '../../../src/server/next-frame.ts';

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

describe('the frame of a next message', () => {
  it('is a whole WebSocket frame with the message of the protocol, whatever its id and its length', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 200 }),
        fc.oneof(fc.nat(200), fc.integer({ min: 65_000, max: 66_000 }), fc.integer({ min: 16_000, max: 16_500 })),
        (id, length) => {
          const payload = { data: { text: 'é'.repeat(length) } };
          const pieces: Buffer[] = [];
          const bytes = appendNextFrame(pieces, nextMessageHead(id), Buffer.from(JSON.stringify(payload)));
          const frame = Buffer.concat(pieces);
          expect(bytes).toBe(frame.length);
          expect(JSON.parse(textOf(frame))).toEqual({ id: id.toWellFormed(), type: 'next', payload });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('copies a short payload and leaves a long one where it is', () => {
    const short: Buffer[] = [];
    appendNextFrame(short, nextMessageHead('1'), Buffer.from('{}'));
    expect(short).toHaveLength(1);
    const json = Buffer.alloc(100_000, ' ');
    const long: Buffer[] = [];
    appendNextFrame(long, nextMessageHead('1'), json);
    expect(long[1]).toBe(json);
  });
});
