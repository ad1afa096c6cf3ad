/**
 * Longest payload that is copied into the frame. A longer one is left where it is, shared by all who get it, and written
 * with its head and tail in one go.
 */
const maxCopiedBytes = 16 * 1024;
/** FIN and the opcode of a text frame (RFC 6455, 5.2). A server's frames are not masked. */
const finText = 0x81;
const close = Buffer.from('}');

/**
 * The beginning of an operation's `next` messages, with its id (graphql-transport-ws): the payload follows, then `}`.
 */
export function nextMessageHead(id: string): string {
  return `{"id":${JSON.stringify(id)},"type":"next","payload":`;
}

/** A WebSocket frame with a `next` message, in pieces to be written one after the other. */
export function appendNextFrame(pieces: Buffer[], head: string, json: Buffer): number {
  const headBytes = Buffer.byteLength(head);
  const payloadBytes = headBytes + json.length + 1;
  const lengthBytes = payloadBytes < 126 ? 0 : payloadBytes < 65_536 ? 2 : 8;
  const frameHeadBytes = 2 + lengthBytes;
  const isCopied = payloadBytes <= maxCopiedBytes;
  const buffer = Buffer.allocUnsafe(frameHeadBytes + (isCopied ? payloadBytes : headBytes));
  buffer[0] = finText;
  if (lengthBytes === 0) buffer[1] = payloadBytes;
  else if (lengthBytes === 2) {
    buffer[1] = 126;
    buffer.writeUInt16BE(payloadBytes, 2);
  } else {
    buffer[1] = 127;
    buffer.writeUInt32BE(Math.floor(payloadBytes / 2 ** 32), 2);
    buffer.writeUInt32BE(payloadBytes % 2 ** 32, 6);
  }
  buffer.write(head, frameHeadBytes);
  pieces.push(buffer);
  if (isCopied) {
    json.copy(buffer, frameHeadBytes + headBytes);
    buffer[buffer.length - 1] = 0x7d;
  } else pieces.push(json, close);
  return frameHeadBytes + payloadBytes;
}
