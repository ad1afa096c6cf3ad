import { type ConstValueNode, Kind } from 'graphql';
import { argumentPlace, choiceOf, numberOf, textOf } from './directive-use.ts';
import { argumentEnums } from './directives.ts';
import type { DeclarationFile } from './documents.ts';
import type { DirectedField } from './fields.ts';
import { didYouMean } from './names.ts';
import type { Report } from './place.ts';
import { readCommonParts, type SourceNode } from './source-parts.ts';
import type { Place, View } from './types.ts';
import { readViewSql, resolveTables, type SqlText } from './view-sql.ts';

/** What a view is read among: the .sql files of the folder and the topics that its SQL may name. */
export interface ViewSurroundings {
  readonly sqlFiles: readonly DeclarationFile[];
  readonly topics: ReadonlySet<string>;
  /** Names by which people may think of what is declared in Redis, which Flink cannot read; with the topic it is copied to, if to any. */
  readonly redisNames: ReadonlyMap<string, string | null>;
  /** False when some file did not parse: a topic that seems missing may stand there. */
  readonly complete: boolean;
}

/** Builds a view of a type with @view. */
export function readView(
  source: SourceNode,
  directed: readonly DirectedField[],
  around: ViewSurroundings,
  report: Report,
): View {
  const { use } = source;
  for (const { field, uses } of directed) {
    const eventTime = uses.get('eventTime');
    const hint = 'It belongs on a DateTime field of a @stream type; remove it here.';
    if (eventTime) report(eventTime.place, `@eventTime cannot stand in a view (field "${field.name}"). ${hint}`);
  }
  const common = readCommonParts(
    source,
    directed.map(({ field }) => field),
    report,
  );
  const text = findSql(source, around.sqlFiles, report);
  const viewSql = text && readViewSql(text, report);
  const silent: Report = () => {};
  const reads =
    text && viewSql ? resolveTables({ text, tables: viewSql.tables }, around, around.complete ? report : silent) : [];
  return {
    ...common,
    kind: 'view',
    format: 'JSON',
    cleanup: common.key.length > 0 ? 'COMPACT' : 'DELETE',
    sql: viewSql?.sql ?? '',
    sqlPlace: text?.place ?? use.place,
    reads,
    parallelism: numberOf(use, 'parallelism') ?? null,
    stateTtlMs: numberOf(use, 'stateTtl') ?? null,
    from: choiceOf(use, 'from', argumentEnums.StartFrom, 'EARLIEST'),
    guarantee: choiceOf(use, 'guarantee', argumentEnums.Guarantee, 'AT_LEAST_ONCE'),
    run: choiceOf(use, 'run', argumentEnums.RunMode, 'ALWAYS'),
  };
}

function findSql({ node, use }: SourceNode, sqlFiles: readonly DeclarationFile[], report: Report): SqlText | null {
  const sql = use.arguments.get('sql');
  const name = textOf(use, 'file');
  if (sql !== undefined && name !== undefined) {
    report(
      use.arguments.get('file')?.place ?? use.place,
      `The view "${node.name.value}" has both "sql" and "file". Keep one.`,
    );
    return null;
  }
  if (sql !== undefined) return fromArgument(sql.node, sql.place);
  if (name === undefined) {
    // A value of a wrong type is told already.
    const given = use.given.has('sql') || use.given.has('file');
    if (!given)
      report(use.place, `The view "${node.name.value}" has no SQL. Give it sql: """SELECT …""" or file: "….sql".`);
    return null;
  }
  const found = sqlFiles.find(({ file }) => baseName(file) === name);
  if (found !== undefined) return { sql: found.text, place: { file: found.file, line: 1, column: 1 }, exact: true };
  const known = sqlFiles.map(({ file }) => baseName(file));
  const beside =
    known.length === 0 ? 'There is no .sql file beside this one.' : `Beside this one are ${known.join(', ')}.`;
  report(argumentPlace(use, 'file'), `The file "${name}" does not exist.${didYouMean(name, known)} ${beside}`);
  return null;
}

function baseName(file: string): string {
  return file.slice(file.lastIndexOf('/') + 1);
}

/** The text of a string value, and where its first character lies once graphql-js has taken the indent away. */
function fromArgument(node: ConstValueNode, place: Place): SqlText {
  if (node.kind !== Kind.STRING) return { sql: '', place, exact: false };
  const raw = node.loc ? node.loc.source.body.slice(node.loc.start, node.loc.end) : '';
  if (!node.block) {
    const exact = raw.slice(1, -1) === node.value;
    return { sql: node.value, place: { ...place, column: place.column + 1 }, exact };
  }
  const lines = raw.slice(3, -3).split(/\r\n|[\n\r]/);
  const first = lines.findIndex((line) => line.trim() !== '');
  if (first <= 0)
    return { sql: node.value, place: { ...place, column: place.column + 3 }, exact: !node.value.includes('\n') };
  const indents = lines.slice(1).filter((line) => line.trim() !== '');
  const indent = Math.min(...indents.map((line) => line.length - line.trimStart().length));
  const start = { file: place.file, line: place.line + first, column: indent + 1 };
  return { sql: node.value, place: start, exact: !raw.includes('\\"""') };
}
