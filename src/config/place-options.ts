import { type OptionSpec, text, wholeNumber } from './option-spec.ts';

/** Where the gateway listens, and what it reads and keeps on disk. */
export const placeOptions = {
  port: {
    env: 'PORT',
    flag: '--port',
    kind: 'value',
    schema: wholeNumber(0, 65_535),
    default: '4000, or another when that is taken',
    unit: 'TCP port',
    meaning: 'Where the gateway listens. A port that is named must be free; 0 takes any free one.',
  },
  host: {
    env: 'SLUICE_HOST',
    flag: '--host',
    kind: 'value',
    schema: text,
    default: '127.0.0.1',
    unit: 'address',
    meaning: 'The address to listen on. 0.0.0.0 opens the gateway to the network.',
  },
  schemaDir: {
    env: 'SLUICE_SCHEMA',
    flag: '--schema',
    kind: 'value',
    schema: text,
    default: 'schema',
    unit: 'folder',
    meaning: 'Where the declarations lie: *.graphql, and the .sql files they name.',
  },
  dataDir: {
    env: 'SLUICE_DATA',
    flag: '--data',
    kind: 'value',
    schema: text,
    default: '.sluice',
    unit: 'folder',
    meaning: "The local stack's data, logs and endpoints.json; kept between starts.",
  },
  cacheDir: {
    env: 'SLUICE_CACHE',
    flag: null,
    kind: 'value',
    schema: text,
    default: "sluice in the user's cache folder",
    unit: 'folder',
    meaning: 'Where the jars of the local Kafka and Flink are kept, shared by all projects.',
  },
} as const satisfies Record<string, OptionSpec>;
