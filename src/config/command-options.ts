import { flag, type OptionSpec, oneOf } from './option-spec.ts';

const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const logFormats = ['pretty', 'json'] as const;

/** How the command itself behaves, and what it is asked for instead of serving. */
export const commandOptions = {
  demo: {
    env: 'SLUICE_DEMO',
    flag: '--demo',
    kind: 'switch',
    schema: flag,
    default: 'true with the local stack, else false',
    unit: 'true, false',
    meaning: 'Produce plausible events for the declared examples. --no-demo turns it off.',
  },
  logLevel: {
    env: 'LOG_LEVEL',
    flag: '--log-level',
    kind: 'value',
    schema: oneOf(logLevels),
    default: 'warn with the local stack, else info',
    unit: logLevels.join(', '),
    meaning: 'The least severe log entry that is written.',
  },
  logFormat: {
    env: 'SLUICE_LOG_FORMAT',
    flag: null,
    kind: 'value',
    schema: oneOf(logFormats),
    default: 'pretty with the local stack, else json',
    unit: logFormats.join(', '),
    meaning: 'Log lines for people, or one JSON object a line for machines.',
  },
  force: {
    env: null,
    flag: '--force',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'With import: replace files whose declaration is another one now.',
  },
  dryRun: {
    env: null,
    flag: '--dry-run',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'With import: show what would be written, and write nothing.',
  },
  json: {
    env: null,
    flag: '--json',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'With check: print what was found as JSON, one object a line.',
  },
  clean: {
    env: null,
    flag: '--clean',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: "Forget the local stack's data, and end.",
  },
  help: {
    env: null,
    flag: '--help',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'Print the options, and end.',
  },
  version: {
    env: null,
    flag: '--version',
    kind: 'switch',
    schema: flag,
    default: '',
    unit: '',
    meaning: 'Print the version, and end.',
  },
} as const satisfies Record<string, OptionSpec>;
