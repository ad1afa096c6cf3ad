/** An entry of a Redis Stream as Redis tells it: its id, and its fields in order. */
export interface Entry {
  readonly id: string;
  readonly fields: readonly (readonly [name: string, value: Buffer])[];
}

/** The entries in a reply of XRANGE, XREVRANGE, or of one stream in a reply of XREAD. */
export function toEntries(reply: unknown): readonly Entry[] {
  if (!Array.isArray(reply)) return [];
  return reply.flatMap((entry: unknown) => {
    if (!Array.isArray(entry)) return [];
    const [id, pairs]: unknown[] = entry;
    return [{ id: String(id), fields: toPairs(pairs) }];
  });
}

/** The entries of each stream in a reply of XREAD. */
export function toEntriesByKey(reply: unknown): ReadonlyMap<string, readonly Entry[]> {
  const found = new Map<string, readonly Entry[]>();
  if (!Array.isArray(reply)) return found;
  for (const stream of reply) {
    if (!Array.isArray(stream)) continue;
    const [key, entries]: unknown[] = stream;
    found.set(String(key), toEntries(entries));
  }
  return found;
}

/** What a reply of XINFO STREAM says of a name, as text; null when it says nothing of it. */
export function toFact(reply: unknown, name: string): string | null {
  if (!Array.isArray(reply)) return null;
  const at = reply.findIndex((item: unknown, index) => index % 2 === 0 && String(item) === name);
  return at < 0 ? null : String(reply[at + 1]);
}

function toPairs(reply: unknown): Entry['fields'] {
  if (!Array.isArray(reply)) return [];
  const pairs: [string, Buffer][] = [];
  for (let at = 0; at + 1 < reply.length; at += 2) {
    const value: unknown = reply[at + 1];
    pairs.push([String(reply[at]), Buffer.isBuffer(value) ? value : Buffer.from(String(value))]);
  }
  return pairs;
}
