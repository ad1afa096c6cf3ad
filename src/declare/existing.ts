import { parse } from 'graphql';
import { SluiceError } from '#errors';
import { type DeclarationFile, parseModel, printFault, type Source } from '#model';

/** The declarations that are there before an import. */
export interface Existing {
  readonly files: readonly DeclarationFile[];
  readonly sources: readonly Source[];
  /** By file, the names of the types and enums in it. */
  readonly types: ReadonlyMap<string, readonly string[]>;
}

/** Looks at the files of a schema folder, which may be none. Throws `BAD_DECLARATION` when they have faults. */
export function readExisting(files: readonly DeclarationFile[]): Existing {
  const parsed = parseModel(files);
  if (!parsed.ok) {
    const faults = parsed.faults.map(printFault).join('\n');
    throw new SluiceError(
      'BAD_DECLARATION',
      `The declarations that are there have faults; mend them first:\n${faults}`,
    );
  }
  const graphql = files.filter(({ file, text }) => file.endsWith('.graphql') && !isEmpty(text));
  const types = new Map(graphql.map(({ file, text }) => [file, namesIn(text)]));
  return { files, sources: parsed.model.sources, types };
}

function namesIn(text: string): readonly string[] {
  return parse(text).definitions.flatMap((definition) =>
    'name' in definition && definition.name !== undefined ? [definition.name.value] : [],
  );
}

/** graphql-js knows no empty document. */
function isEmpty(text: string): boolean {
  return text.split(/[\n\r]/).every((line) => /^[\s,\uFEFF]*(#|$)/.test(line));
}
