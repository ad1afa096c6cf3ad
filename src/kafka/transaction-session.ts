import { toChunks } from './chunks.ts';
import { backoffMs, pause, unlessAborted } from './deadline.ts';
import { answerInCharge } from './in-charge.ts';
import type { Appended, PartitionRecords, ProducerIdentity, TransactionWire } from './transaction-wire.ts';
import type { OutgoingRecord } from './write-call.ts';

/** The records of a transaction for one partition, in order, and who leads it. */
export interface PartitionPart {
  readonly topic: string;
  readonly partition: number;
  readonly leader: number;
  readonly records: readonly OutgoingRecord[];
}

/** The call that a transaction is for: it may have been answered already. */
export interface TransactionCall {
  /** Aborts when its caller was told `NOT_WRITTEN`: nothing may be committed any more, and what is open ends at once. */
  readonly givenUp: AbortSignal;
  /** The commit may have been asked for: only Kafka knows what comes of it. */
  isCommitting: boolean;
}

/** So many records of a part that stand one after the other. */
export interface AppendedChunk extends Appended {
  readonly count: number;
}

/** What a transaction came to. `aborted`: nothing of it will ever be visible; `code` is Kafka's, or null. */
export type TransactionResult =
  | { readonly kind: 'committed'; readonly appended: ReadonlyMap<PartitionPart, readonly AppendedChunk[]> }
  | { readonly kind: 'aborted' | 'unknown'; readonly code: number | null; readonly cause: unknown };

/** Kafka's error codes that a transaction acts on. */
const code = {
  none: 0,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  invalidProducerEpoch: 47,
  invalidTxnState: 48,
  concurrentTransactions: 51,
  producerFenced: 90,
} as const;

/** Committed, while the partitions do not all have the mark of it: readers of what is committed still stand before it. */
const beingMarked = 'PrepareCommit';

/** Between two looks at a commit's marks, at most; marking takes some milliseconds. */
const longestLookMs = 64;

const moved: ReadonlySet<number> = new Set([
  code.coordinatorLoading,
  code.coordinatorNotAvailable,
  code.notCoordinator,
  code.concurrentTransactions,
]);
/** Kafka aborted it by itself, because it took too long, and so it never was committed. */
const expired: ReadonlySet<number> = new Set([code.invalidProducerEpoch, code.invalidTxnState, code.producerFenced]);

/** Kafka refused a step. */
class Refused extends Error {
  readonly code: number;

  constructor(step: string, refusal: number) {
    super(`Kafka answered ${step} with the error code ${refusal}.`);
    this.code = refusal;
  }
}

/** The broker that keeps the state of an id's transactions. */
interface Coordinator {
  readonly host: string;
  readonly port: number;
}

/** How a session talks. */
export interface SessionOptions {
  /** Kafka aborts a transaction that is older. */
  readonly transactionTimeoutMs: number;
  /** Where one request to a partition ends. */
  readonly maxBatchBytes: number;
}

/**
 * One transactional id, which is this process's alone, with one transaction at a time. What fails before the commit is
 * asked for is never committed by anybody: the next epoch of the id, or Kafka's own time limit, aborts it. A commit whose
 * answer is lost is asked for again until Kafka says what became of it: nobody else ends this id's transactions.
 */
export class TransactionSession {
  readonly #wire: TransactionWire;
  readonly #transactionalId: string;
  readonly #options: SessionOptions;
  readonly #closing: AbortSignal;
  #coordinator: Coordinator | null = null;
  #identity: ProducerIdentity | null = null;
  /** Topic and partition → the next number in the producer's sequence. */
  #sequences = new Map<string, number>();
  /** A request for a new epoch had no answer: should it arrive late, it ends whatever is open then. */
  #hasStray = false;

  constructor(
    wire: TransactionWire,
    transactionalId: string,
    options: SessionOptions & { readonly closing: AbortSignal },
  ) {
    this.#wire = wire;
    this.#transactionalId = transactionalId;
    this.#options = options;
    this.#closing = options.closing;
  }

  /** Runs one transaction, once. Never rejects. */
  async run(parts: readonly PartitionPart[], call: TransactionCall): Promise<TransactionResult> {
    try {
      const identity = this.#identity ?? (await this.#initialise(call));
      await this.#begin(identity, parts, call);
      const appended = await this.#append(identity, parts, call);
      // From here on there is no way back.
      if (call.givenUp.aborted) throw new Error('The deadline passed before the commit.');
      call.isCommitting = true;
      const result = await this.#commit(identity);
      if (result.kind !== 'committed') return result;
      return { kind: 'committed', appended };
    } catch (cause) {
      this.#reset();
      return { kind: 'aborted', code: cause instanceof Refused ? cause.code : null, cause };
    }
  }

  /**
   * Waits until the commit is in the log of every partition, so that who reads after it finds the records: Kafka answers
   * a commit as soon as it is decided. Ends when the call is given up, or when Kafka does not tell. Never rejects.
   */
  async marked(call: TransactionCall): Promise<void> {
    for (let looks = 1; !call.givenUp.aborted && !this.#closing.aborted; looks += 1) {
      try {
        const { errorCode, state } = await this.#atCoordinator(call, (at) =>
          this.#wire.describe(at, this.#transactionalId),
        );
        if (errorCode !== code.none || state !== beingMarked) return;
      } catch {
        this.#coordinator = null;
      }
      await pause(Math.min(2 ** looks, longestLookMs), this.#closing);
    }
  }

  /** Ends what a failure may have left open, so that it does not hold up readers; after some time Kafka does that itself. */
  async recover(): Promise<void> {
    const untilMs = performance.now() + this.#options.transactionTimeoutMs;
    for (let failures = 1; !this.#identity && !this.#closing.aborted; failures += 1) {
      try {
        await this.#initialise({ givenUp: this.#closing, isCommitting: false });
      } catch (error) {
        this.#reset();
        if (error instanceof Refused || performance.now() > untilMs) return;
        await pause(backoffMs(failures), this.#closing);
      }
    }
  }

  #reset(): void {
    this.#identity = null;
    this.#coordinator = null;
  }

  /** Repeats a step at the coordinator as long as that is on its way elsewhere, or ends the transaction before. */
  async #atCoordinator<T extends { readonly errorCode: number }>(
    { givenUp }: TransactionCall,
    step: (at: Coordinator) => Promise<T>,
  ): Promise<T> {
    for (let failures = 1; ; failures += 1) {
      if (this.#closing.aborted) throw new Error('The connection to Kafka is being closed.');
      if (givenUp.aborted) throw new Error('The deadline has passed.');
      const found = this.#coordinator ?? (await unlessAborted(this.#wire.coordinator(this.#transactionalId), givenUp));
      if ('errorCode' in found && moved.has(Number(found.errorCode))) {
        await pause(backoffMs(failures), givenUp);
        continue;
      }
      this.#coordinator = found;
      const answer = await answerInCharge(step(found), { givenUp, isInCharge: () => this.#isCoordinator(found) });
      if (answer && !moved.has(answer.errorCode)) return answer;
      if (answer?.errorCode !== code.concurrentTransactions) this.#coordinator = null;
      await pause(backoffMs(failures), givenUp);
    }
  }

  async #isCoordinator({ host, port }: Coordinator): Promise<boolean> {
    const found = await this.#wire.coordinator(this.#transactionalId);
    return found.errorCode !== code.none || (found.host === host && found.port === port);
  }

  async #initialise(call: TransactionCall): Promise<ProducerIdentity> {
    const { transactionTimeoutMs } = this.#options;
    let open = 0;
    const { errorCode, producerId, producerEpoch } = await this.#atCoordinator(call, async (at) => {
      open += 1;
      const answer = await this.#wire.initialise(at, this.#transactionalId, transactionTimeoutMs);
      open -= 1;
      return answer;
    }).finally(() => {
      this.#hasStray ||= open > 0;
    });
    if (errorCode !== code.none) throw new Refused('InitProducerId', errorCode);
    this.#identity = { transactionalId: this.#transactionalId, producerId, producerEpoch };
    this.#sequences = new Map();
    return this.#identity;
  }

  async #begin(identity: ProducerIdentity, parts: readonly PartitionPart[], call: TransactionCall): Promise<void> {
    const byTopic = Map.groupBy(parts, ({ topic }) => topic);
    const topics = Array.from(byTopic, ([name, of]) => ({ name, partitions: of.map(({ partition }) => partition) }));
    await this.#atCoordinator(call, async (at) => {
      const codes = await this.#wire.addPartitions(at, identity, topics);
      const errorCode = codes.find((each) => each !== code.none) ?? code.none;
      if (errorCode !== code.none && !moved.has(errorCode)) throw new Refused('AddPartitionsToTxn', errorCode);
      return { errorCode };
    });
  }

  /** Chunk by chunk; those of different partitions go together. */
  async #append(
    identity: ProducerIdentity,
    parts: readonly PartitionPart[],
    { givenUp }: TransactionCall,
  ): Promise<ReadonlyMap<PartitionPart, readonly AppendedChunk[]>> {
    const appended = new Map<PartitionPart, AppendedChunk[]>(parts.map((part) => [part, []]));
    const chunks = parts.map((part) => ({ part, chunks: toChunks(part.records, this.#options.maxBatchBytes) }));
    const rounds = Math.max(...chunks.map((each) => each.chunks.length));
    for (let round = 0; round < rounds; round += 1) {
      const due = chunks.flatMap(({ part, chunks: of }) => {
        const records = of[round];
        return records ? [{ part, records }] : [];
      });
      const requests = Map.groupBy(due, ({ part }) => part.leader);
      await Promise.all(
        Array.from(requests, async ([leader, of]) => {
          const numbered = of.map(({ part, records }) => this.#number(part, records));
          const answers = await answerInCharge(this.#wire.produce(leader, identity, numbered), {
            givenUp,
            isInCharge: () => this.#wire.leads(leader, numbered),
          });
          if (!answers) throw new Error(`Broker ${leader} did not answer, and leads these partitions no longer.`);
          for (const { part, records } of of) {
            const answer = answers.find(({ topic, partition }) => topic === part.topic && partition === part.partition);
            if (!answer) throw new Error('The answer does not mention a partition.');
            if (answer.errorCode !== code.none) throw new Refused('Produce', answer.errorCode);
            appended.get(part)?.push({ ...answer, count: records.length });
          }
        }),
      );
    }
    return appended;
  }

  #number({ topic, partition }: PartitionPart, records: readonly OutgoingRecord[]): PartitionRecords {
    const place = `${topic}:${partition}`;
    const firstSequence = this.#sequences.get(place) ?? 0;
    // A sequence has 31 bits, and begins anew.
    this.#sequences.set(place, (firstSequence + records.length) % 2 ** 31);
    return { topic, partition, records, firstSequence };
  }

  /** Asks until Kafka says what became of it; the time limit of the transaction makes sure that it will. */
  async #commit(identity: ProducerIdentity): Promise<TransactionResult | { readonly kind: 'committed' }> {
    const asked: TransactionCall = { givenUp: this.#closing, isCommitting: true };
    let times = 0;
    for (let failures = 1; !this.#closing.aborted; failures += 1) {
      try {
        const { errorCode } = await this.#atCoordinator(asked, async (at) => {
          times += 1;
          return { errorCode: await this.#wire.end(at, identity, 'COMMIT') };
        });
        if (errorCode === code.none) return { kind: 'committed' };
        this.#reset();
        // A stray may have come between a commit whose answer was lost and this one.
        const isAborted = expired.has(errorCode) && (times === 1 || !this.#hasStray);
        const cause = new Refused('EndTxn', errorCode);
        return { kind: isAborted ? 'aborted' : 'unknown', code: errorCode, cause };
      } catch {
        // No answer: the coordinator is away, or another broker by now.
        this.#coordinator = null;
        await pause(backoffMs(failures), this.#closing);
      }
    }
    this.#reset();
    return { kind: 'unknown', code: null, cause: new Error('The connection to Kafka is being closed.') };
  }
}
