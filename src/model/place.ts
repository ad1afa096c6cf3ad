import type { ASTNode, Token } from 'graphql';
import type { Place } from './types.ts';

/** One thing wrong in a declaration: where, what is wrong, what would be right. */
export interface Fault extends Place {
  readonly message: string;
}

/** Takes one fault. Checks go on after it, so that all faults are told at once. */
export type Report = (place: Place, message: string) => void;

const nowhere: Place = { file: '', line: 1, column: 1 };

/** Where an AST node begins. The node comes from a Source named after its file. */
export function placeOf(node: ASTNode): Place {
  const token: Token | undefined = node.loc?.startToken;
  return token && node.loc ? { file: node.loc.source.name, line: token.line, column: token.column } : nowhere;
}

/** A fault as one line for a person: `schema/clicks.graphql:12:7  what is wrong. What would be right.` */
export function printFault(fault: Fault): string {
  return `${fault.file}:${fault.line}:${fault.column}  ${fault.message}`;
}
