/** `userId` → `user_id`, `HTTPServer` → `http_server`. */
export function toSnakeCase(name: string): string {
  return name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .replace(/([A-Z]+)([A-Z][a-z])/g, '$1_$2')
    .toLowerCase();
}

/** The regular English plural: `click` → `clicks`, `city` → `cities`, `box` → `boxes`. */
export function toPlural(noun: string): string {
  if (/[^aeiouAEIOU_]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return /(s|x|z|ch|sh)$/i.test(noun) ? `${noun}es` : `${noun}s`;
}

/** `UserClick` → `userClick`, `HTTPCall` → `httpCall`. */
export function toCamelCase(typeName: string): string {
  return typeName.replace(/^[A-Z]+(?=[A-Z][a-z])|^[A-Z]+$|^[A-Z]/, (head) => head.toLowerCase());
}

/** ` Did you mean "x"?` with the nearest candidate, or an empty text when none is near. */
export function didYouMean(name: string, candidates: Iterable<string>): string {
  let nearest: string | null = null;
  let least = Math.max(2, Math.floor(name.length * 0.4)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (distance < least) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest === null ? '' : ` Did you mean "${nearest}"?`;
}

/** Levenshtein's distance. */
function editDistance(left: string, right: string): number {
  let previous = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row++) {
    const current = [row];
    for (let column = 1; column <= right.length; column++) {
      const change = (previous[column - 1] ?? 0) + (left[row - 1] === right[column - 1] ? 0 : 1);
      current.push(Math.min(change, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[right.length] ?? 0;
}

/** `"a", "b" or "c"`. */
export function listOf(names: readonly string[], conjunction: 'and' | 'or' = 'or'): string {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop() ?? 'nothing';
  return quoted.length === 0 ? last : `${quoted.join(', ')} ${conjunction} ${last}`;
}

/** The mutation that produces into a stream, from its plural: `userClicks` → `produceUserClicks`. */
export function toProduceField(plural: string): string {
  return `produce${plural.charAt(0).toUpperCase()}${plural.slice(1)}`;
}

/** The mutation that deletes rows of a table, `deleteUserClicks`, from `userClicks`. */
export function toDeleteField(plural: string): string {
  return `delete${plural.charAt(0).toUpperCase()}${plural.slice(1)}`;
}
