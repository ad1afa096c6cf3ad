import { describe, expect, it } from 'vitest';
import { flawless, History, type Seen } from '../../support/history.ts';

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
});
