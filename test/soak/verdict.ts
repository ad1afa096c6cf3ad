import type { FaultWorld } from '../support/fault-world.ts';
import type { Verdict } from '../support/history.ts';

/** One line of the table. */
interface Row {
  readonly who: string;
  readonly visits: number;
  readonly records: number;
  readonly gaps: number;
  readonly faults: Readonly<Record<string, readonly string[]>>;
}

/** How many examples of a fault are shown. */
const examples = 5;

/** Prints what every reader saw, and says whether all of it is right. */
export async function printVerdict(world: FaultWorld): Promise<boolean> {
  const log = await world.readLog();
  // What the log no longer has is no fault of it, and what it has no longer was announced to nobody.
  const written: Verdict = { ...world.history.judge(log), silent: [], alarms: [] };
  const rows: Row[] = [
    { who: 'the log', visits: 0, records: log.length, gaps: 0, faults: { ...written, refused: [] } },
    { who: 'the producers', visits: 0, records: 0, gaps: 0, faults: { refused: world.producers.refusals } },
    ...world.subscribers.map((subscriber) => {
      const gaps = subscriber.reading.filter((one) => 'gap' in one).length;
      return {
        who: subscriber.shape.name,
        visits: subscriber.visits,
        records: subscriber.reading.length - gaps,
        gaps,
        faults: { ...subscriber.judge(world.history), refused: subscriber.refusals },
      };
    }),
  ];
  console.table(
    rows.map(({ faults, ...row }) => ({
      ...row,
      ...Object.fromEntries(Object.entries(faults).map(([name, found]) => [name, found.length])),
    })),
  );
  const wrong = rows.flatMap(({ who, faults }) =>
    Object.entries(faults).flatMap(([name, found]) =>
      found.length === 0 ? [] : [`${who}: ${name}: ${found.slice(0, examples).join('; ')}`],
    ),
  );
  for (const line of wrong) console.error(line);
  return wrong.length === 0;
}
