import { describe, expect, it } from 'vitest';
import { type Announced, flawless, History, type Seen } from '../../support/history.ts';

/** Three acknowledged events of one producer on one partition, one that was not written, one of unknown outcome. */
function told(): History {
  const history = new History();
  for (const number of [0, 1, 2]) history.tell('ann', number, { outcome: 'ACKED', partition: 0, offset: `${number}` });
  history.tell('ann', 3, { outcome: 'NOT_WRITTEN' });
  history.tell('ann', 4, { outcome: 'UNKNOWN' });
  return history;
}

function seen(...events: readonly (readonly [number: number, offset: number])[]): readonly Seen[] {
  return events.map(([number, offset]) => ({ producer: 'ann', number, partition: 0, offset: `${offset}` }));
}

describe('the judge of histories', () => {
  it.each([
    ['everything that was acknowledged', seen([0, 0], [1, 1], [2, 2]), flawless],
    ['what is of unknown outcome, too', seen([0, 0], [1, 1], [2, 2], [4, 3]), flawless],
    ['a loss', seen([0, 0], [2, 2]), { ...flawless, lost: ['ann 1'] }],
    ['another place than was told', seen([0, 0], [1, 1], [2, 7]), { ...flawless, lost: ['ann 2'] }],
    ['what was not written', seen([0, 0], [1, 1], [2, 2], [3, 3]), { ...flawless, lied: ['ann 3'] }],
    ['what nobody produced', seen([0, 0], [1, 1], [2, 2], [9, 3]), { ...flawless, lied: ['ann 9'] }],
    ['a copy', seen([0, 0], [1, 1], [2, 2], [4, 3], [4, 4]), { ...flawless, doubled: ['ann 4'] }],
  ])('sees %s', (_title, events, verdict) => {
    expect(told().judge(events)).toEqual(verdict);
  });

  it('sees the wrong order, of offsets and of numbers', () => {
    expect(told().judge(seen([0, 0], [2, 2], [1, 1])).disordered).toEqual(['ann 1', 'ann 1']);
    expect(told().judge(seen([1, 0], [0, 1], [2, 2])).disordered).toEqual(['ann 0']);
  });

  it('counts what has not been seen yet', () => {
    expect(told().missing(seen([0, 0]))).toBe(2);
    expect(told().count('ACKED')).toBe(3);
  });

  it('asks of everybody what the log holds, also where the producer does not know', () => {
    const history = told();
    history.settle(seen([0, 0], [1, 1], [2, 2], [4, 3]));
    expect(history.judge(seen([0, 0], [1, 1], [2, 2])).lost).toEqual(['ann 4']);
  });

  it('asks of a filtered reader what its filter lets through', () => {
    const wants = (_producer: string, number: number) => number % 2 === 0;
    expect(told().judge(seen([0, 0], [2, 2]), { wants })).toEqual(flawless);
    expect(told().judge(seen([0, 0]), { wants }).lost).toEqual(['ann 2']);
    expect(told().missing(seen([0, 0]), { wants })).toBe(1);
  });

  it('looks at loss alone where a job has written, at least once', () => {
    const repeated = seen([0, 0], [1, 1], [0, 2], [1, 3], [2, 4]);
    expect(told().judge(repeated, { isDerived: true })).toEqual(flawless);
    expect(told().judge(repeated).doubled).toEqual(['ann 0', 'ann 1']);
    expect(told().judge(repeated).lost).toEqual(['ann 2']);
    expect(told().judge(seen([0, 0], [0, 0], [2, 2]), { isDerived: true }).lost).toEqual(['ann 1']);
  });
});

const expired = (missed: number): Announced => ({ gap: 'EXPIRED', missed: `${missed}` });
const recreated: Announced = { gap: 'RECREATED', missed: null };

describe('the judge of gaps', () => {
  /** Six events on the one partition, of which retention has deleted the first four. */
  function withRetention(): History {
    const history = new History();
    for (const number of [0, 1, 2, 3, 4, 5]) {
      history.tell('ann', number, { outcome: 'ACKED', partition: 0, offset: `${number}` });
    }
    history.expire(0, 4);
    return history;
  }

  it.each([
    ['a gap announced at its place', [...seen([0, 0], [1, 1]), expired(2), ...seen([4, 4], [5, 5])], flawless],
    ['what was read before it was deleted', seen([0, 0], [1, 1], [2, 2], [3, 3], [4, 4], [5, 5]), flawless],
    ['a silent gap', seen([0, 0], [1, 1], [4, 4], [5, 5]), { ...flawless, silent: ['ann 2', 'ann 3'] }],
    [
      'a gap announced at another place',
      [...seen([0, 0], [4, 4]), expired(3), ...seen([5, 5])],
      {
        ...flawless,
        silent: ['ann 1', 'ann 2', 'ann 3'],
        alarms: [expect.stringMatching(/^EXPIRED \(3\) at 2: nothing/)],
      },
    ],
    [
      'a gap that excuses more than is gone',
      [...seen([0, 0], [1, 1]), expired(3), ...seen([5, 5])],
      { ...flawless, lost: ['ann 4'] },
    ],
    [
      'a gap that tells of fewer than are gone',
      [...seen([0, 0]), expired(1), ...seen([4, 4], [5, 5])],
      { ...flawless, alarms: [expect.stringMatching(/: 3 are missing$/)] },
    ],
    [
      'a gap announced twice',
      [...seen([0, 0]), expired(3), expired(3), ...seen([4, 4], [5, 5])],
      { ...flawless, alarms: [expect.stringMatching(/nothing was gone/)] },
    ],
    [
      'a gap of another reason',
      [...seen([0, 0]), recreated, ...seen([4, 4], [5, 5])],
      { ...flawless, silent: ['ann 1', 'ann 2', 'ann 3'], alarms: [expect.stringMatching(/^RECREATED/)] },
    ],
  ])('sees %s', (_title, reading, verdict) => {
    expect(withRetention().judge(reading)).toEqual(verdict);
  });

  it.each(['EXPIRED', 'TRUNCATED', 'RECREATED', 'CONFLATED'])(
    'sees an announced %s where nothing was gone',
    (reason) => {
      const reading = [...seen([0, 0]), { gap: reason, missed: '1' }, ...seen([1, 1], [2, 2])];
      expect(told().judge(reading)).toEqual({ ...flawless, alarms: [expect.stringContaining(reason)] });
    },
  );

  it('does not wait for what is gone', () => {
    expect(withRetention().missing(seen([0, 0]))).toBe(2);
  });

  it('sees what a topic that was made anew has lost without a word, and order by its lives', () => {
    const history = told();
    history.recreate();
    for (const number of [0, 1]) history.tell('ben', number, { outcome: 'ACKED', partition: 0, offset: `${number}` });
    const anew = seen([0, 0], [1, 1]).map((event) => ({ ...event, producer: 'ben' }));
    expect(history.judge([...seen([0, 0]), recreated, ...anew])).toEqual(flawless);
    expect(history.judge([...seen([0, 0]), ...anew]).silent).toEqual(['ann 1', 'ann 2']);
    expect(history.judge([...seen([0, 0]), recreated, ...anew.slice(1)]).lost).toEqual(['ben 0']);
    expect(history.judge([recreated, ...anew, ...seen([0, 0], [1, 1], [2, 2])]).disordered).toEqual(['ann 0']);
    expect(history.judge([...seen([0, 0]), recreated, recreated, ...anew]).alarms).toHaveLength(1);
    expect(history.missing(seen([0, 0]))).toBe(2);
  });
});

describe('the judge of readers that take the newest only', () => {
  const newestOnly = { newestOnly: true };
  const conflated = (missed: number): Announced => ({ gap: 'CONFLATED', missed: `${missed}` });

  it('lets a CONFLATED gap stand for what was followed by a newer one', () => {
    expect(told().judge([...seen([0, 0]), conflated(1), ...seen([2, 2])], newestOnly)).toEqual(flawless);
    expect(told().missing(seen([2, 2]), newestOnly)).toBe(0);
  });

  it('sees that the newest is not there, that nothing was said, or too little', () => {
    expect(told().judge([...seen([0, 0]), conflated(1), ...seen([1, 1])], newestOnly).lost).toEqual(['ann 2']);
    expect(told().judge(seen([0, 0], [2, 2]), newestOnly).lost).toEqual(['ann 1']);
    expect(told().judge([conflated(1), ...seen([2, 2])], newestOnly).alarms).toEqual([
      expect.stringMatching(/2 are missing/),
    ]);
    expect(told().missing(seen([1, 1]), newestOnly)).toBe(1);
  });
});
