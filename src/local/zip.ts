import { open } from 'node:fs/promises';

/** End of central directory record: signature, 18 bytes of fields, then a comment of up to 65,535 bytes (APPNOTE.TXT 4.3.16). */
const endSignature = Buffer.from('PK\x05\x06', 'latin1');
const endLength = 22;
const maxCommentLength = 0xffff;

/** True if the file ends as a zip file does; a download that was cut off does not. */
export async function endsAsZip(path: string): Promise<boolean> {
  await using file = await open(path, 'r');
  const { size } = await file.stat();
  const tail = Buffer.alloc(Math.min(size, endLength + maxCommentLength));
  await file.read(tail, 0, tail.length, size - tail.length);
  for (let at = tail.lastIndexOf(endSignature); at >= 0; at = at === 0 ? -1 : tail.lastIndexOf(endSignature, at - 1)) {
    if (at + endLength <= tail.length && at + endLength + tail.readUInt16LE(at + 20) === tail.length) return true;
  }
  return false;
}
