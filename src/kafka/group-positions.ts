import type { Position } from '#feed';
import { backoffMs, pause, withDeadline } from './deadline.ts';
import { refused, unavailable } from './failures.ts';
import type { PositionOf, StoredPositions } from './types.ts';
import { code, type Wire } from './wire.ts';

/** Somebody else's consumers use the group, or this gateway may not: Kafka's codes that no further try cures. */
const final: ReadonlyMap<number, string> = new Map([
  [24, 'the group id is not valid'],
  [25, 'the group has members: consumers of others joined it'],
  [12, 'the metadata is too large'],
  [30, 'this gateway has no rights on the group'],
]);

/**
 * {@link StoredPositions} as committed offsets, without joining the group: they last, every replica sees them, and
 * Kafka's own tools show them with their lag. Each carries the topic's id, so that those of a deleted topic of the same
 * name are nobody's.
 */
export class GroupPositions implements StoredPositions {
  readonly #wire: Pick<Wire, 'coordinator' | 'committed' | 'commit'>;
  readonly #deadlineMs: number;
  readonly #coordinators = new Map<string, number>();

  constructor(wire: Pick<Wire, 'coordinator' | 'committed' | 'commit'>, deadlineMs: number) {
    this.#wire = wire;
    this.#deadlineMs = deadlineMs;
  }

  async load(name: string, { topic, topicId, partitions }: PositionOf): Promise<Position> {
    const partitionIndexes = Array.from({ length: partitions }, (_, partition) => partition);
    return await this.#withCoordinator(name, async (node) => {
      const group = await this.#wire.committed(node, name, { name: topic, partitionIndexes });
      const told = group?.topics[0]?.partitions ?? [];
      check(name, [group?.errorCode ?? code.none, ...told.map(({ errorCode }) => errorCode)]);
      const ours = told.filter(({ committedOffset, metadata }) => committedOffset >= 0n && metadata === topicId);
      return new Map(ours.map(({ partitionIndex, committedOffset }) => [partitionIndex, committedOffset]));
    });
  }

  async store(name: string, { topic, topicId }: PositionOf, position: Position): Promise<void> {
    const partitions = [...position].map(([partitionIndex, committedOffset]) => ({
      partitionIndex,
      committedOffset,
      committedLeaderEpoch: -1,
      committedMetadata: topicId,
    }));
    await this.#withCoordinator(name, async (node) => {
      const answer = await this.#wire.commit(node, name, { name: topic, partitions });
      const told = answer.topics.flatMap((one) => one.partitions);
      check(
        name,
        told.map(({ errorCode }) => errorCode),
      );
    });
  }

  /** Asks the group's coordinator until it answers; it is looked for anew after each failure. */
  async #withCoordinator<T>(group: string, ask: (node: number) => Promise<T>): Promise<T> {
    const stop = new AbortController();
    const late = () => unavailable(`the committed offsets of the group "${group}"`);
    try {
      return await withDeadline(this.#askUntil(group, ask, stop.signal), this.#deadlineMs, late);
    } finally {
      stop.abort();
    }
  }

  async #askUntil<T>(group: string, ask: (node: number) => Promise<T>, signal: AbortSignal): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      try {
        return await ask(await this.#coordinatorOf(group));
      } catch (error) {
        this.#coordinators.delete(group);
        const isFinal = error instanceof CommitRefused;
        if (isFinal) throw refused(`Kafka refused the offsets of the group "${group}": ${error.message}.`, error);
        if (signal.aborted) throw error;
      }
      await pause(backoffMs(failures), signal);
    }
  }

  async #coordinatorOf(group: string): Promise<number> {
    const known = this.#coordinators.get(group);
    if (known !== undefined) return known;
    const found = await this.#wire.coordinator(group);
    if (!found || found.errorCode !== code.none) throw new Error(`no coordinator: error ${found?.errorCode}`);
    this.#coordinators.set(group, found.nodeId);
    return found.nodeId;
  }
}

/** An answer that stays the same however often one asks. */
class CommitRefused extends Error {
  override readonly name = 'CommitRefused';
}

function check(group: string, errorCodes: readonly number[]): void {
  const failed = errorCodes.find((errorCode) => errorCode !== code.none);
  if (failed === undefined) return;
  const reason = final.get(failed);
  if (reason !== undefined) throw new CommitRefused(reason);
  throw new Error(`error ${failed} from the coordinator of "${group}"`);
}
