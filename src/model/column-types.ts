/** A type as Flink prints it in DESCRIBE, taken apart. */
export interface ColumnType {
  /** Upper case, without parameters, e.g. `VARCHAR`, `TIMESTAMP_LTZ`, `ROW`. */
  readonly root: string;
  /** The numbers in parentheses: precision and scale, or length. */
  readonly parameters: readonly number[];
  /** The element types of ARRAY, MULTISET and MAP. */
  readonly elements: readonly ColumnType[];
  /** The fields of ROW. */
  readonly fields: readonly { readonly name: string; readonly type: ColumnType }[];
}

const synonyms: Readonly<Record<string, string>> = {
  INT: 'INTEGER',
  STRING: 'VARCHAR',
  BYTES: 'VARBINARY',
  'DOUBLE PRECISION': 'DOUBLE',
  'TIMESTAMP WITHOUT TIME ZONE': 'TIMESTAMP',
  'TIMESTAMP WITH LOCAL TIME ZONE': 'TIMESTAMP_LTZ',
};
const lexemes = /\s*(`(?:[^`]|``)*`|'(?:[^']|'')*'|\*\w+\*|[<>(),]|[^\s`'<>(),]+)/y;

/** Parses what DESCRIBE prints, e.g. `DECIMAL(10, 2) NOT NULL`, ``ROW<`a` INT>``, `TIMESTAMP_LTZ(3) *ROWTIME*`. Unknown words are kept in `root`. */
export function parseColumnType(text: string): ColumnType {
  const tokens: string[] = [];
  lexemes.lastIndex = 0;
  for (let found = lexemes.exec(text); found?.[1] !== undefined; found = lexemes.exec(text)) tokens.push(found[1]);
  return readType({ tokens, at: 0 });
}

interface Reader {
  readonly tokens: readonly string[];
  at: number;
}

function readType(reader: Reader): ColumnType {
  const words: string[] = [];
  const parameters: number[] = [];
  let elements: readonly ColumnType[] = [];
  let fields: ColumnType['fields'] = [];
  for (let token = peek(reader); token !== undefined && token !== ',' && token !== '>'; token = peek(reader)) {
    reader.at++;
    if (token === '(') parameters.push(...readNumbers(reader));
    else if (token === '<' && words[0] === 'ROW') fields = readList(reader, readRowField);
    else if (token === '<') elements = readList(reader, readType);
    else if (!token.startsWith("'") && !token.startsWith('*')) words.push(token.toUpperCase());
  }
  const root = words.join(' ').replace(/( NOT)? NULL$/, '');
  return { root: synonyms[root] ?? root, parameters, elements, fields };
}

function readRowField(reader: Reader): ColumnType['fields'][number] {
  const name = peek(reader) ?? '';
  reader.at++;
  return { name: name.startsWith('`') ? name.slice(1, -1).replaceAll('``', '`') : name, type: readType(reader) };
}

function readList<T>(reader: Reader, read: (reader: Reader) => T): readonly T[] {
  const items: T[] = [];
  while (peek(reader) !== undefined && peek(reader) !== '>') {
    items.push(read(reader));
    if (peek(reader) === ',') reader.at++;
  }
  reader.at++;
  return items;
}

function readNumbers(reader: Reader): readonly number[] {
  const numbers: number[] = [];
  for (let token = peek(reader); token !== undefined; token = peek(reader)) {
    reader.at++;
    if (token === ')') break;
    if (token !== ',') numbers.push(Number(token));
  }
  return numbers;
}

function peek(reader: Reader): string | undefined {
  return reader.tokens[reader.at];
}
