import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** The code of one language that a page of the documentation shows, block by block, without its indentation in lists. */
export async function readBlocks(page: string, language: string): Promise<readonly string[]> {
  const text = await readFile(join(root, page), 'utf8');
  const blocks = text.matchAll(new RegExp(`^( *)\`\`\`${language}\\n([\\s\\S]*?)^\\1\`\`\``, 'gm'));
  return [...blocks].map(([, indent = '', code = '']) => code.replaceAll(new RegExp(`^${indent}`, 'gm'), ''));
}

/** The one block that holds a text. Throws when there is none, or several. */
export async function readBlock(page: string, language: string, holding: string): Promise<string> {
  const [found, ...others] = (await readBlocks(page, language)).filter((code) => code.includes(holding));
  if (found === undefined || others.length > 0) {
    throw new Error(
      `${page} has ${others.length === 0 ? 'no' : 'more than one'} block in ${language} with ${holding}.`,
    );
  }
  return found;
}

/** A program of the documentation with the names and addresses of a test. Throws when one that is replaced is not in it. */
export function withNames(program: string, names: Readonly<Record<string, string>>): string {
  return Object.entries(names).reduce((text, [documented, own]) => {
    if (!text.includes(documented)) throw new Error(`The program has no ${documented}:\n${text}`);
    return text.replaceAll(documented, own);
  }, program);
}
