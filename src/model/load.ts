import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf, SluiceError } from '#errors';
import type { DeclarationFile } from './documents.ts';
import { parseModel } from './parse.ts';
import { type Fault, printFault } from './place.ts';
import type { Model } from './types.ts';

/** The file that editors read and Sluice does not. */
const directivesFile = 'directives.graphql';

/**
 * Reads the declarations of a schema folder: its .graphql files but `directives.graphql`, and its .sql files; not those of folders in it.
 * In the order of their names. Rejects with `BAD_DECLARATION` when the folder cannot be read.
 */
export async function readDeclarations(folder: string): Promise<readonly DeclarationFile[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true });
    const names = entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name);
    const wanted = names.filter((name) => /\.(graphql|sql)$/.test(name) && name !== directivesFile).sort();
    return await Promise.all(
      wanted.map(async (name) => {
        const file = join(folder, name);
        return { file, text: await readFile(file, 'utf8') };
      }),
    );
  } catch (cause) {
    const message = `The schema folder cannot be read: ${messageOf(cause)}. Make a folder with .graphql files, or name another.`;
    throw new SluiceError('BAD_DECLARATION', message, { cause });
  }
}

/** Reads a schema folder and makes its model. Rejects with `BAD_DECLARATION`: every fault is in the message, and in `details.faults`. */
export async function loadModel(folder: string): Promise<Model> {
  const files = await readDeclarations(folder);
  if (!files.some(({ file }) => file.endsWith('.graphql'))) {
    throw new SluiceError(
      'BAD_DECLARATION',
      `The schema folder ${folder} holds no .graphql file. Declare a stream in one.`,
    );
  }
  const parsed = parseModel(files);
  if (parsed.ok) return parsed.model;
  throw badDeclaration(parsed.faults);
}

function badDeclaration(faults: readonly Fault[]): SluiceError {
  const heading =
    faults.length === 1 ? 'One fault in the declarations:' : `${faults.length} faults in the declarations:`;
  const message = [heading, ...faults.map(printFault)].join('\n');
  return new SluiceError('BAD_DECLARATION', message, { details: { faults } });
}
