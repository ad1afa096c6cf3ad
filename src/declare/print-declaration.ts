import { Kind, print } from 'graphql';
import type { Declaration, DeclaredField, DeclaredType } from './declaration.ts';
import { isDefaultColumn } from './names.ts';

const defaultRetentionMs = 7 * 86_400_000;
const widestLine = 120;

/** The text of a declaration file. */
export function printDeclaration(declaration: Declaration): string {
  const [own, ...others] = declaration.types;
  if (own === undefined) return '';
  const header = declaration.remarks.map((remark) => `${comment(remark)}\n`).join('');
  const types = [`${header}${printType(own, declaration)}`, ...others.map((type) => printType(type, null))];
  return `${types.join('\n\n')}\n`;
}

function printType(type: DeclaredType, stream: Declaration | null): string {
  const head = description(type.description, '');
  if (type.kind === 'enum') {
    const values = type.values.map((value) => `${description(value.description, '  ')}  ${value.name}\n`);
    return `${head}enum ${type.name} {\n${values.join('')}}`;
  }
  const directive = stream === null ? '' : ` ${printStream(stream, `type ${type.name} `.length)}`;
  const leftOut = type.leftOut.map((remark) => `  ${comment(remark)}\n`);
  const fields = type.fields.map((field) => printField(field, stream));
  return `${head}type ${type.name}${directive} {\n${leftOut.join('')}${fields.join('')}}`;
}

function printStream(stream: Declaration, indent: number): string {
  const { topic, plural, key, keyFormat, format, partitions, retentionMs, cleanup } = stream;
  const given = [
    `topic: ${text(topic)}`,
    plural === null ? null : `plural: ${text(plural)}`,
    key.length === 0 ? null : `key: [${key.map(text).join(', ')}]`,
    keyFormat === null ? null : `keyFormat: ${keyFormat}`,
    format === 'JSON' ? null : `format: ${format}`,
    `partitions: ${partitions}`,
    retentionMs === null || retentionMs === defaultRetentionMs ? null : `retention: ${text(toDuration(retentionMs))}`,
    cleanup === 'DELETE' ? null : `cleanup: ${cleanup}`,
  ].filter((argument) => argument !== null);
  const line = `@stream(${given.join(', ')})`;
  if (indent + line.length < widestLine) return line;
  return `@stream(\n${given.map((argument) => `  ${argument}\n`).join('')})`;
}

function printField({ name, column, type, description: said, remark }: DeclaredField, stream: Declaration | null) {
  const columnUse = isDefaultColumn(name, column) ? '' : ` @column(name: ${text(column)})`;
  const eventTime = stream?.eventTime?.field === name ? ` ${printEventTime(stream.eventTime.delayMs)}` : '';
  const above = `${description(said, '  ')}${remark === null ? '' : `  ${comment(remark)}\n`}`;
  return `${above}  ${name}: ${type}${columnUse}${eventTime}\n`;
}

function printEventTime(delayMs: number): string {
  return delayMs === 0 ? '@eventTime' : `@eventTime(delay: ${text(toDuration(delayMs))})`;
}

function description(said: string | null, indent: string): string {
  if (said === null || said.trim() === '') return '';
  const value = said.trim().toWellFormed();
  // A block string cannot hold control characters.
  const block = value.includes('\n') && !/[^\P{Cc}\n\t]/u.test(value);
  const lines = print({ kind: Kind.STRING, value, block }).split('\n');
  return lines.map((line) => (line === '' ? '\n' : `${indent}${line}\n`)).join('');
}

function comment(remark: string): string {
  return `# ${remark.toWellFormed().replace(/[\s\p{Cc}\u2028\u2029]+/gu, ' ')}`;
}

function text(value: string): string {
  return print({ kind: Kind.STRING, value });
}

/** ISO 8601, as the directives take it. */
function toDuration(ms: number): string {
  if (ms > 0 && ms % 86_400_000 === 0) return `P${ms / 86_400_000}D`;
  if (ms > 0 && ms % 3_600_000 === 0) return `PT${ms / 3_600_000}H`;
  if (ms > 0 && ms % 60_000 === 0) return `PT${ms / 60_000}M`;
  return `PT${ms / 1000}S`;
}
