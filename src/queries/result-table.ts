import type { SqlRow } from '#flink';
import type { RowValues } from './sql-values.ts';

/** The rows that a changelog leaves: what is taken back is gone. In the order in which they came. */
export class ResultTable {
  /** By a number that grows. */
  readonly #rows = new Map<number, { readonly text: string; readonly values: RowValues }>();
  /** Where rows of a text stand. */
  readonly #places = new Map<string, number[]>();
  #next = 0;
  #characters = 0;
  #hasChanged = false;

  /** How many rows there are now. */
  get size(): number {
    return this.#rows.size;
  }

  /** How much memory they take, about: the characters of their JSON. */
  get characters(): number {
    return this.#characters;
  }

  /** Whether a row was ever taken back. */
  get hasChanged(): boolean {
    return this.#hasChanged;
  }

  /** Takes one change in. */
  apply(kind: SqlRow['kind'], values: RowValues): void {
    const text = JSON.stringify(values, withoutProctime);
    if (kind === 'INSERT' || kind === 'UPDATE_AFTER') this.#add(text, values);
    else this.#remove(text);
  }

  /** The first rows, no more than so many. */
  first(maxRows: number): readonly RowValues[] {
    return Array.from(this.#rows.values())
      .slice(0, maxRows)
      .map(({ values }) => values);
  }

  #add(text: string, values: RowValues): void {
    const places = this.#places.get(text);
    if (places) places.push(this.#next);
    else this.#places.set(text, [this.#next]);
    this.#rows.set(this.#next, { text, values });
    this.#next += 1;
    this.#characters += text.length;
  }

  #remove(text: string): void {
    this.#hasChanged = true;
    const places = this.#places.get(text);
    const place = places?.pop();
    if (place === undefined) return;
    if (places?.length === 0) this.#places.delete(text);
    this.#rows.delete(place);
    this.#characters -= text.length;
  }
}

/** What every declared table has: Flink tells another time with each change of a row, also when it takes the row back. */
function withoutProctime(name: string, value: unknown): unknown {
  return name === 'proctime' ? undefined : value;
}
