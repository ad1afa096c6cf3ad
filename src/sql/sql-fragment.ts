/** A place in a SQL text. Lines and columns count from 1. */
export interface SqlPosition {
  readonly line: number;
  readonly column: number;
}

/** From offset `at` of a fragment on stands what stands in the client's text from `from` on; null: written by the gateway. */
interface SqlPiece {
  readonly at: number;
  readonly from: number | null;
}

/** SQL text that knows where each of its parts stands in the text that a client sent. */
export interface SqlFragment {
  readonly text: string;
  readonly pieces: readonly SqlPiece[];
}

/** Puts fragments and the gateway's own words together. */
export function joinSql(parts: readonly (SqlFragment | string)[]): SqlFragment {
  const pieces: SqlPiece[] = [];
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string') pieces.push({ at: text.length, from: null });
    else pieces.push(...part.pieces.map(({ at, from }) => ({ at: at + text.length, from })));
    text += typeof part === 'string' ? part : part.text;
  }
  return { text, pieces };
}

/** The part of a fragment between two offsets. */
export function sliceSql({ text, pieces }: SqlFragment, start: number, end: number = text.length): SqlFragment {
  const first = pieces.findLast((piece) => piece.at <= start) ?? { at: 0, from: null };
  const inside = pieces.filter((piece) => piece.at > start && piece.at < end);
  const from = first.from === null ? null : first.from + start - first.at;
  return {
    text: text.slice(start, end),
    pieces: [{ at: 0, from }, ...inside.map((piece) => ({ at: piece.at - start, from: piece.from }))],
  };
}

/**
 * Where in the client's text an offset of the fragment stands. For the gateway's own words it is the place of what they
 * stand before, or the end of what they stand behind.
 */
export function toSourceOffset({ text, pieces }: SqlFragment, offset: number): number {
  const index = pieces.findLastIndex((piece) => piece.at <= offset);
  const piece = pieces[index];
  if (piece && piece.from !== null) return piece.from + offset - piece.at;
  const next = pieces.slice(index + 1).find(({ from }) => from !== null);
  if (next?.from != null) return next.from;
  const before = pieces.findLastIndex(({ from }, at) => at < index && from !== null);
  const last = pieces[before];
  return last?.from == null ? 0 : last.from + (pieces[before + 1]?.at ?? text.length) - last.at;
}

const lineEnd = /\r\n|\n|\r/g;

/** The line and column of an offset, as Flink counts them: from 1, in UTF-16 units. */
export function toPosition(text: string, offset: number): SqlPosition {
  let line = 1;
  let lineStart = 0;
  for (const { index, 0: end } of text.matchAll(lineEnd)) {
    if (index + end.length > offset) break;
    line += 1;
    lineStart = index + end.length;
  }
  return { line, column: offset - lineStart + 1 };
}

/** The offset of a line and column; the end of the text for those beyond it. */
export function toOffset(text: string, { line, column }: SqlPosition): number {
  let lineStart = 0;
  if (line > 1) {
    const end = [...text.matchAll(lineEnd)][line - 2];
    lineStart = end ? end.index + end[0].length : text.length;
  }
  return Math.min(lineStart + column - 1, text.length);
}
