import {
  type CursorContent,
  createCursors,
  createRecordDecoder,
  type FeedRecord,
  type FeedSource,
  type Page,
  type Position,
  type StartPosition,
} from '#feed';
import { field } from '../../support/fields.ts';
import type { MemoryLog } from '../../support/memory-log.ts';

const cursors = createCursors([Buffer.alloc(32, 7)]);
const key = field('id', 'ID', true);

/** A table of numbers by id. Its values are JSON; "bad" does not decode. */
export const table: FeedSource = {
  topic: 'scores',
  field: 'scores',
  fields: [key, field('score', 'Int'), field('team', 'String')],
  decode: createRecordDecoder(
    {
      decode(value) {
        const text = value.toString();
        return text === 'bad'
          ? { ok: false, fault: { reason: 'it is bad' } }
          : { ok: true, node: JSON.parse(text) as Record<string, unknown> };
      },
    },
    true,
  ),
  table: { key: [key], decodeKey: (bytes) => ({ id: bytes.toString() }) },
};

/** A row's values beside its key. */
export interface Row {
  readonly score: number | null;
  readonly team: string;
}

/** Writes a row; null deletes it, 'bad' writes a record that does not decode. */
export function put(log: MemoryLog, id: string, row: Row | null | 'bad', partition = partitionOf(id)): void {
  const value = row === null || row === 'bad' ? row : JSON.stringify({ id, ...row });
  log.append(partition, value, { key: id });
}

/** Each key has one partition of two. */
export function partitionOf(id: string): number {
  return id.charCodeAt(0) % 2;
}

/** What a client knows of a table: the rows by key, in the words of the documentation. */
export class ClientRows {
  readonly rows = new Map<string, unknown>();
  pages = 0;

  take(page: Page): void {
    this.pages += 1;
    if (page.gap && page.gap.reason !== 'CONFLATED') this.rows.clear();
    for (const { key, node } of page.records) {
      if (!key) continue;
      if (node) this.rows.set(key.toString(), node);
      else this.rows.delete(key.toString());
    }
  }
}

/** The rows that the records before a position make. */
export async function rowsAt(
  log: MemoryLog,
  position: Position,
  fits: (record: FeedRecord) => boolean = () => true,
): Promise<Map<string, unknown>> {
  const beginning = new Map([...(await log.bounds())].map(([partition, { start }]) => [partition, start]));
  const options = { maxBytes: 1 << 30, signal: new AbortController().signal };
  const rows = new Map<string, unknown>();
  for (const batch of await log.read('scores', beginning, options)) {
    for (const record of batch.records.map(table.decode)) {
      if (!record) continue;
      if (!record.key || record.offset >= (position.get(record.partition) ?? 0n)) continue;
      if (record.node && fits(record)) rows.set(record.key.toString(), record.node);
      else rows.delete(record.key.toString());
    }
  }
  return rows;
}

/** Through the cursor's text and back, as a client that resumes does. */
export function cursorOf(page: Page, nowMs = 0): CursorContent {
  const asOfMs = page.live ? nowMs : page.asOfMs;
  const { scope, end, epochs, bookmark } = page;
  const text = cursors.encode(scope, end, epochs, {
    ...(asOfMs !== undefined && { asOfMs }),
    ...(bookmark && { bookmark }),
  });
  return cursors.decode(scope, text);
}

/** Goes on after a page. */
export function goOnAfter(page: Page, nowMs = 0): StartPosition {
  return { kind: 'after', cursor: cursorOf(page, nowMs) };
}
