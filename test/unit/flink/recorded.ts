import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An answer of Flink 2.3.0 as it came over the wire; all but two lines of each stack trace are left out. */
export interface RecordedAnswer {
  readonly status: number;
  readonly errors: readonly string[];
}

/** Reads one of the answers beside this file. */
export function recorded(name: string): RecordedAnswer {
  return JSON.parse(readFileSync(join(import.meta.dirname, 'recorded', `${name}.json`), 'utf8'));
}
