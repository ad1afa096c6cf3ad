import { Unmapped } from './unmapped.ts';

/** What is found when a declaration is held against a schema: by field, in words. */
export class Findings {
  /** What keeps records from being read or written at all. */
  readonly faults: string[] = [];
  /** Where the schema allows values that the declaration does not: records that hold them do not decode. */
  readonly wider: string[] = [];
  readonly #path: string[] = [];

  /** Notes that keep every record from being read or written. */
  fault(what: string): void {
    this.faults.push(`${this.#place()}${what}`);
  }

  /** Notes that some records may not fit. */
  widen(what: string): void {
    this.wider.push(`${this.#place()}${what}`);
  }

  /** Looks at one field; what it throws as {@link Unmapped} is noted under its name. Undefined when it threw. */
  within<T>(field: string, look: () => T): T | undefined {
    this.#path.push(field);
    try {
      return look();
    } catch (thrown) {
      if (!(thrown instanceof Unmapped)) throw thrown;
      this.fault(thrown.message);
      return undefined;
    } finally {
      this.#path.pop();
    }
  }

  /** Throws what was found amiss, if anything was. */
  settle(): void {
    if (this.faults.length > 0) throw new Unmapped(this.faults.join('; '));
  }

  #place(): string {
    return this.#path.length === 0 ? '' : `field \`${this.#path.join('.')}\`: `;
  }
}
