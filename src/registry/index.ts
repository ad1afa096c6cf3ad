/** A schema registry's client (Confluent's API): schemas by id, the subjects of declared streams, what is written with. */
export { type ConfluentApi, createConfluentApi } from './confluent-api.ts';
export { openRegistry, type Registry } from './open-registry.ts';
export { type RegistryOptions, registryOptions } from './options.ts';
export { createRegistryClient } from './registry-client.ts';
export type { SourceSchemas } from './source-schemas.ts';
