import type { CursorScope } from './cursor.ts';
import { compileFilter, type Where } from './filter.ts';
import { History } from './history.ts';
import type { RecordLog } from './log.ts';
import { joinGaps, type Page } from './page.ts';
import { lagOf } from './position.ts';
import type { FeedRecord } from './record.ts';
import type { FeedSource } from './source.ts';
import { type EndPosition, type Gap, resolveEnd, resolveStart, type StartPosition } from './start.ts';

/** A bounded read of history. */
export interface QueryRequest {
  readonly first: number;
  readonly from: StartPosition;
  readonly until: EndPosition;
  readonly where: Where | null;
  /** When it aborts, the page holds what was found until then. */
  readonly signal: AbortSignal;
}

/** A filtered query looks at this many records at a time. */
const scanRecords = 1000;

/** One page of history, merged over the partitions by timestamp. */
export async function queryHistory(
  source: FeedSource,
  request: QueryRequest,
  { log, pageBytes, scope }: { readonly log: RecordLog; readonly pageBytes: number; readonly scope: CursorScope },
): Promise<Page> {
  const { signal, where, first } = request;
  const { topic, decode } = source;
  const bounds = await log.bounds(topic);
  const context = { log, decode, topic, topicId: scope.topicId, bounds, signal };
  const [start, until] = await Promise.all([resolveStart(request.from, context), resolveEnd(request.until, context)]);
  const history = new History(log, decode, {
    topic,
    topicId: scope.topicId,
    from: start.position,
    until,
    epochs: start.epochs,
  });
  const filter = where && compileFilter(source.fields, where);
  const records: FeedRecord[] = [];
  let gap: Gap | null = start.gap;
  let bytes = 0;
  while (records.length < first && bytes < pageBytes && !history.isDone && !signal.aborted) {
    const missing = first - records.length;
    const limit = { records: filter ? Math.min(scanRecords, missing) : missing, bytes: pageBytes - bytes };
    const taken = await history.take(limit, signal);
    gap = joinGaps(gap, taken.gaps);
    for (const record of filter ? taken.records.filter(filter) : taken.records) {
      records.push(record);
      bytes += record.weight;
    }
  }
  const end = new Map([...start.position, ...history.position]);
  const lag = lagOf(end, bounds);
  return {
    records,
    start: start.position,
    end,
    epochs: history.epochs,
    gap,
    live: lag === 0n,
    lag,
    hasNextPage: !history.isDone,
    scope,
  };
}
