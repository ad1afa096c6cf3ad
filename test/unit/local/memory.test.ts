import { describe, expect, it } from 'vitest';
import { checkMemory, memAvailable, neededBytes } from '../../../src/local/memory.ts';

describe('memory', () => {
  it('reads what is available from /proc/meminfo', () => {
    const meminfo = 'MemTotal:       24683520 kB\nMemFree:          512000 kB\nMemAvailable:    1048576 kB\n';
    expect(memAvailable(meminfo)).toBe(2 ** 30);
  });

  it('knows nothing where there is no such line', () => {
    expect(memAvailable('')).toBeNull();
  });

  it('refuses to start with too little, and says how much there is and how much it takes', () => {
    expect(() => checkMemory(300 * 2 ** 20, neededBytes.kafkaAndFlink)).toThrow(/300 MiB are free, .* about 1200 MiB/);
  });

  it('goes on with enough, or where the system does not tell', () => {
    expect(() => checkMemory(neededBytes.kafka, neededBytes.kafka)).not.toThrow();
    expect(() => checkMemory(null, neededBytes.kafkaAndFlink)).not.toThrow();
  });
});
