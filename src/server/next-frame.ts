/**
 * Longest payload that is copied into the frame. A longer one is left where it is, shared by all who get it, and written
 * with its head and tail in one go. What is shorter fits into the buffer on the stack from which Node writes strings.
 */
const maxCopiedBytes = 16_000;
/** FIN and the opcode of a text frame (RFC 6455, 5.2). A server's frames are not masked. */
const finText = 0x81;
const close = Buffer.from('}');

/** The payload of a `next` message: the text of an execution result. */
export interface NextPayload {
  readonly text: string;
  /** Length of the text in bytes of UTF-8. */
  readonly bytes: number;
  /** Each of its characters is a byte. */
  readonly isAscii: boolean;
  /** The text as UTF-8. */
  readonly json: Buffer;
}

/**
 * The beginning of an operation's `next` messages, with its id (graphql-transport-ws): the payload follows, then `}`.
 */
export function nextMessageHead(id: string): string {
  // In one piece, as it is copied into many frames.
  return ['{"id":', JSON.stringify(id), ',"type":"next","payload":'].join('');
}

/**
 * A WebSocket frame with a short `next` message, its bytes as characters (latin1): a string is what Node writes fastest,
 * and several that go out together are one. Null for a long one.
 */
export function shortNextFrame(head: string, payload: NextPayload): string | null {
  const headBytes = Buffer.byteLength(head);
  const payloadBytes = headBytes + payload.bytes + 1;
  if (payloadBytes > maxCopiedBytes) return null;
  const isAscii = payload.isAscii && headBytes === head.length;
  const message = isAscii ? `${head}${payload.text}}` : Buffer.from(`${head}${payload.text}}`).toString('latin1');
  return frameHeadOf(payloadBytes) + message;
}

/** A WebSocket frame with a `next` message in pieces, the payload as it is. */
export function nextFramePieces(head: string, { json }: NextPayload): readonly Buffer[] {
  const headBytes = Buffer.from(head);
  const frameHead = frameHeadOf(headBytes.length + json.length + 1);
  return [Buffer.concat([Buffer.from(frameHead, 'latin1'), headBytes]), json, close];
}

/** Two to ten bytes, as characters. */
function frameHeadOf(payloadBytes: number): string {
  if (payloadBytes < 126) return String.fromCharCode(finText, payloadBytes);
  if (payloadBytes < 65_536) return String.fromCharCode(finText, 126, payloadBytes >>> 8, payloadBytes & 0xff);
  const length = Buffer.alloc(8);
  length.writeBigUInt64BE(BigInt(payloadBytes));
  return String.fromCharCode(finText, 127, ...length);
}
