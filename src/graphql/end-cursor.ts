import type { Page } from '#feed';

/**
 * Keeps the cursor that was signed last. The groups of a stream all end their pages where its live end stands: in one
 * round they have the same place, which is one object.
 */
export class EndCursor {
  #end: Page['end'] | null = null;
  #epochs: Page['epochs'] | null = null;
  #text = '';

  /** The cursor of the page's end, written by `encode` unless the page before ended there. */
  of({ end, epochs }: Page, encode: () => string): string {
    if (end !== this.#end || epochs !== this.#epochs) {
      this.#text = encode();
      this.#end = end;
      this.#epochs = epochs;
    }
    return this.#text;
  }
}
