/** The smallest zip file: an end of central directory record and nothing before it. */
export function emptyZip(comment = ''): Buffer {
  const text = Buffer.from(comment);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(text.length, 20);
  return Buffer.concat([end, text]);
}
