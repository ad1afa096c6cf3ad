/** A column's value that rows are ordered by; null where it is absent. */
export type SortValue = string | number | bigint | boolean | null;

/** A place among the present rows of a table: after one of them. */
export interface Bookmark {
  /** Whose rows: the pages of a query, or the rows that a subscription begins with. */
  readonly of: 'QUERY' | 'SUBSCRIPTION';
  /** Canonical text of the order that it is good for; empty: by key. */
  readonly order: string;
  /** The row's values of the columns that it orders by. */
  readonly values: readonly SortValue[];
  /** The row's key, a character for each byte (latin1); null: before all rows. */
  readonly key: string | null;
}

/** Before the rows that a subscription begins with. Who resumes there has no rows, or was told to forget them. */
export const beforeRows: Bookmark = { of: 'SUBSCRIPTION', order: '', values: [], key: null };

/** Its form in a cursor. */
export function encodeBookmark({ of, order, values, key }: Bookmark): Buffer {
  const plain = values.map((value) => (typeof value === 'bigint' ? { bigint: String(value) } : value));
  return Buffer.from(JSON.stringify([of === 'QUERY' ? 0 : 1, order, plain, key]));
}

/** Null when it is no bookmark's form. */
export function decodeBookmark(bytes: Buffer): Bookmark | null {
  let parts: unknown;
  try {
    parts = JSON.parse(bytes.toString());
  } catch {
    return null;
  }
  if (!Array.isArray(parts)) return null;
  const [of, order, plain, key] = parts as readonly unknown[];
  if ((of !== 0 && of !== 1) || typeof order !== 'string' || !Array.isArray(plain)) return null;
  if (key !== null && typeof key !== 'string') return null;
  const values: SortValue[] = [];
  for (const each of plain as readonly unknown[]) {
    const value = toSortValue(each);
    if (value === undefined) return null;
    values.push(value);
  }
  return { of: of === 0 ? 'QUERY' : 'SUBSCRIPTION', order, values, key };
}

function toSortValue(plain: unknown): SortValue | undefined {
  switch (typeof plain) {
    case 'string':
    case 'number':
    case 'boolean':
      return plain;
    case 'object': {
      if (plain === null) return null;
      const text = 'bigint' in plain ? plain.bigint : undefined;
      return typeof text === 'string' && /^-?\d{1,40}$/.test(text) ? BigInt(text) : undefined;
    }
    default:
      return undefined;
  }
}
