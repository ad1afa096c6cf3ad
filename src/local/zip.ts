import { open, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { inflateRaw } from 'node:zlib';

const inflate = promisify(inflateRaw);

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

/** The length of an entry's header in the central directory and before its content, without names and extras (APPNOTE.TXT 4.3.7, 4.3.12). */
const directoryHeaderLength = 46;
const localHeaderLength = 30;
const deflated = 8;

/** The content of one entry of a small zip file, without ZIP64; null when there is no such entry. */
export async function readZipEntry(path: string, name: string): Promise<Buffer | null> {
  const zip = await readFile(path);
  const end = zip.lastIndexOf(endSignature);
  if (end < 0) return null;
  const count = zip.readUInt16LE(end + 10);
  let at = zip.readUInt32LE(end + 16);
  for (let index = 0; index < count; index += 1) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => zip.readUInt16LE(at + field));
    const nameEnd = at + directoryHeaderLength + (nameLength ?? 0);
    if (zip.toString('utf8', at + directoryHeaderLength, nameEnd) === name) {
      const local = zip.readUInt32LE(at + 42);
      const from = local + localHeaderLength + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
      const content = zip.subarray(from, from + zip.readUInt32LE(at + 20));
      return zip.readUInt16LE(at + 10) === deflated ? await inflate(content) : content;
    }
    at = nameEnd + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return null;
}
