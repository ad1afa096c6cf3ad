/** Beyond this product of lines the two texts are told whole. */
const maxCells = 4_000_000;
const context = 2;

/** The lines that differ, with `-` and `+` in front, and two around them; empty when the texts are the same. */
export function diffLines(before: string, after: string): readonly string[] {
  const left = linesOf(before);
  const right = linesOf(after);
  const changes = compare(left, right);
  const isNear = changes.map((_, at) =>
    changes.slice(Math.max(0, at - context), at + context + 1).some((line) => !line.startsWith(' ')),
  );
  return changes.flatMap((line, at) => {
    if (isNear[at]) return [line];
    return changes.some((change) => !change.startsWith(' ')) && (at === 0 || isNear[at - 1]) ? ['…'] : [];
  });
}

function linesOf(text: string): readonly string[] {
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

/** By the longest common subsequence. */
function compare(left: readonly string[], right: readonly string[]): readonly string[] {
  if (left.length * right.length > maxCells) {
    return [...left.map((line) => `- ${line}`), ...right.map((line) => `+ ${line}`)];
  }
  const width = right.length + 1;
  const common = new Uint32Array((left.length + 1) * width);
  const at = (row: number, column: number) => common[row * width + column] ?? 0;
  for (let row = left.length - 1; row >= 0; row--) {
    for (let column = right.length - 1; column >= 0; column--) {
      common[row * width + column] =
        left[row] === right[column] ? at(row + 1, column + 1) + 1 : Math.max(at(row + 1, column), at(row, column + 1));
    }
  }
  const lines: string[] = [];
  let row = 0;
  let column = 0;
  while (row < left.length || column < right.length) {
    if (row < left.length && left[row] === right[column]) {
      lines.push(`  ${left[row]}`);
      row++;
      column++;
    } else if (column >= right.length || (row < left.length && at(row + 1, column) >= at(row, column + 1))) {
      lines.push(`- ${left[row++]}`);
    } else lines.push(`+ ${right[column++]}`);
  }
  return lines;
}
