import { describe, expect, it } from 'vitest';
import type { LogRecord } from '#feed';
import type { Kafka, WriteOutcome } from '#kafka';
import {
  beginning,
  brokers,
  newTopic,
  openTestKafka,
  readAll,
  record,
  recordsOf,
  takeUntil,
} from '../support/kafka.ts';
import { TcpProxy } from '../support/proxy.ts';

const partitions = 4;
const keys = 20;

interface Load {
  readonly total: number;
  readonly deadlineMs: number;
  /** Called each time so many calls have been answered. */
  readonly everyAnswers: number;
  readonly fault: (count: number) => void;
}

/** Numbers in order, several writers at once, a fault now and then; answers each number's outcome. */
async function writeNumbers(kafka: Kafka, topic: string, load: Load): Promise<ReadonlyMap<string, WriteOutcome>> {
  const outcomes = new Map<string, WriteOutcome>();
  let next = 0;
  let answers = 0;
  const worker = async () => {
    while (next < load.total) {
      const numbers = Array.from({ length: 1 + (next % 3) }, () => next++);
      const records = numbers.map((number) => record(`${number}`, { key: Buffer.from(`k${number % keys}`) }));
      const answer = await kafka.writer.write(topic, records, { deadlineMs: load.deadlineMs });
      for (const [i, number] of numbers.entries()) if (answer[i]) outcomes.set(`${number}`, answer[i]);
      answers += 1;
      if (answers % load.everyAnswers === 0) load.fault(answers / load.everyAnswers);
    }
  };
  await Promise.all(Array.from({ length: 16 }, worker));
  return outcomes;
}

/** Holds what the writer said against what is in the log. */
function judge(outcomes: ReadonlyMap<string, WriteOutcome>, log: readonly LogRecord[]) {
  const places = Map.groupBy(log, ({ value }) => String(value));
  const lost: string[] = [];
  const lied: string[] = [];
  for (const [text, outcome] of outcomes) {
    const found = places.get(text) ?? [];
    const isAt = (place: LogRecord) =>
      outcome.outcome === 'ACKED' && place.partition === outcome.partition && place.offset === outcome.offset;
    if (outcome.outcome === 'ACKED' && !found.some(isAt)) lost.push(text);
    if (outcome.outcome === 'NOT_WRITTEN' && found.length > 0) lied.push(text);
  }
  const doubled = [...places].filter(([, found]) => found.length > 1).map(([text]) => text);
  const ofKey = Map.groupBy(log, ({ key }) => String(key));
  const disordered = [...ofKey]
    .filter(([, of]) => of.some((each, i) => Number(each.value) < Number(of[i - 1]?.value ?? -1)))
    .map(([key]) => key);
  return { lost, lied, doubled, disordered };
}

const flawless = { lost: [], lied: [], doubled: [], disordered: [] };

describe('writing and following over a connection that breaks', () => {
  it('acknowledges everything in the end, once, in order, and the tail sees it so', async () => {
    await using proxy = await TcpProxy.open({ target: brokers(), rewriteAddress: true });
    await using direct = openTestKafka();
    await using kafka = openTestKafka({ brokers: proxy.address });
    const topic = await newTopic(direct, partitions);
    const total = 1_500;
    const { signal } = new AbortController();
    const tail = takeUntil(
      kafka.log.tail(topic, beginning(partitions), { signal }),
      (taken) => recordsOf(taken).length >= total,
    );
    const fault = (count: number) => (count % 2 === 0 ? proxy.cut() : proxy.loseNextAnswer());
    const outcomes = await writeNumbers(kafka, topic, { total, deadlineMs: 120_000, everyAnswers: 40, fault });
    const log = recordsOf(await readAll(direct, topic, partitions));
    expect(judge(outcomes, log)).toEqual(flawless);
    expect([...outcomes.values()].filter(({ outcome }) => outcome !== 'ACKED')).toEqual([]);
    const places = (records: readonly LogRecord[]) =>
      records.map(({ partition, offset }) => `${partition}/${offset}`).toSorted();
    expect(places(recordsOf(await tail))).toEqual(places(log));
  });

  it('tells outcomes apart truthfully when deadlines are shorter than the faults', async () => {
    await using proxy = await TcpProxy.open({ target: brokers(), rewriteAddress: true });
    await using direct = openTestKafka();
    await using kafka = openTestKafka({ brokers: proxy.address });
    const topic = await newTopic(direct, partitions);
    await kafka.writer.write(topic, [record('-1')], { deadlineMs: 60_000 });
    const fault = (count: number) => {
      if (count % 3 === 0) proxy.stall('down');
      else proxy.resume();
      if (count % 3 === 2) proxy.loseNextAnswer();
    };
    const outcomes = await writeNumbers(kafka, topic, { total: 1_500, deadlineMs: 40, everyAnswers: 30, fault });
    proxy.resume();
    await kafka.writer.close(10_000);
    expect(judge(outcomes, recordsOf(await readAll(direct, topic, partitions)))).toEqual(flawless);
  });

  it('answers by the deadline while nothing goes through, and works again after', async () => {
    await using proxy = await TcpProxy.open({ target: brokers(), rewriteAddress: true });
    await using direct = openTestKafka();
    await using kafka = openTestKafka({ brokers: proxy.address });
    const topic = await newTopic(direct);
    await kafka.writer.write(topic, [record('0')], { deadlineMs: 60_000 });
    proxy.refuse();
    // The one that finds the connection broken may have left.
    const [broken] = await kafka.writer.write(topic, [record('broken')], { deadlineMs: 1_000 });
    expect(broken?.outcome).not.toBe('ACKED');
    const [refused] = await kafka.writer.write(topic, [record('1')], { deadlineMs: 1_000 });
    expect(refused).toMatchObject({ outcome: 'NOT_WRITTEN', error: { code: 'KAFKA_UNAVAILABLE' } });
    proxy.accept();
    expect(await kafka.writer.write(topic, [record('2')], { deadlineMs: 60_000 })).toMatchObject([
      { outcome: 'ACKED' },
    ]);
    proxy.stall('down');
    const [unknown] = await kafka.writer.write(topic, [record('3')], { deadlineMs: 1_000 });
    expect(unknown).toMatchObject({ outcome: 'UNKNOWN', error: { code: 'TIMEOUT' } });
    proxy.resume();
    expect(await kafka.writer.write(topic, [record('4')], { deadlineMs: 60_000 })).toMatchObject([
      { outcome: 'ACKED' },
    ]);
    const texts = recordsOf(await readAll(direct, topic, 1)).map(({ value }) => String(value));
    expect(texts.filter((text) => text !== 'broken')).toEqual(['0', '2', '3', '4']);
  });
});
