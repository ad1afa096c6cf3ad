import { describeCommands } from './commands.ts';
import { optionEntries } from './options.ts';

/** One setting as a person reads about it. Empty texts where there is nothing to say. */
export interface OptionRow {
  readonly env: string;
  readonly flag: string;
  readonly default: string;
  readonly unit: string;
  readonly meaning: string;
}

/** Every setting, in the order of the table in docs/configuration.md. */
export function describeOptions(): readonly OptionRow[] {
  return optionEntries.map(([, spec]) => ({
    env: spec.env ?? '',
    flag: spec.flag ?? '',
    default: spec.default,
    unit: spec.unit,
    meaning: spec.meaning,
  }));
}

const indent = ' '.repeat(6);

/** The answer to `--help`. */
export function printHelp(): string {
  const options = describeOptions().map((row) => {
    const names = [row.flag, row.env].filter((name) => name !== '').join(', ');
    const fallback = row.default === '' ? '' : `\n${indent}Default: ${row.default}.`;
    return `  ${names}${row.unit === '' ? '' : `  (${row.unit})`}\n${indent}${row.meaning}${fallback}`;
  });
  return [
    'Sluice: a GraphQL API gateway for streams. Usage: npm start -- [options], or npx sluice <command> [options]',
    ...describeCommands(),
    'Options and environment variables; an option wins over the variable beside it.',
    ...options,
    '',
  ].join('\n\n');
}
