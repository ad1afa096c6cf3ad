/** The candidate that a misspelt name most likely means, or null when none is near. */
export function nearest(name: string, candidates: readonly string[]): string | null {
  const farthest = Math.max(2, Math.floor(name.length / 3));
  let best: { readonly candidate: string; readonly edits: number } | null = null;
  for (const candidate of candidates) {
    const edits = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (edits <= (best === null ? farthest : best.edits - 1)) best = { candidate, edits };
  }
  return best?.candidate ?? null;
}

/** How many letters must be put in, taken out or replaced to make one of the other (Levenshtein). */
function editDistance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let line = 1; line <= from.length; line++) {
    const next = [line];
    for (let at = 1; at <= to.length; at++) {
      const replaced = (row[at - 1] ?? 0) + (from[line - 1] === to[at - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[at] ?? 0) + 1, (next[at - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[to.length] ?? 0;
}
