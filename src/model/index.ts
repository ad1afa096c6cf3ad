/** From schema/*.graphql to the model, and from the model to Flink DDL and topic settings. Pure data, no I/O but reading the files. */

export {
  createStreamDdl,
  type DdlOptions,
  dropStatements,
  type SourceDdl,
  sessionProperties,
  sessionStatements,
  toDdl,
  toInsert,
} from './ddl.ts';
export { defaultDeadLetterTopic } from './dead-letters.ts';
export { printDirectives } from './directives.ts';
export type { DeclarationFile } from './documents.ts';
export { readableFormats, refuseSink } from './flink-formats.ts';
export { loadModel, readDeclarations } from './load.ts';
export { toCamelCase, toDeleteField, toPlural, toProduceField, toSnakeCase } from './names.ts';
export { type Parsed, parseModel } from './parse.ts';
export { type Fault, printFault } from './place.ts';
export { kafkaSourcesOf, redisPlaceOf } from './redis.ts';
export type { MissingTable, RegistryReading, SchemaText } from './registry-reading.ts';
export { usesRegistry } from './registry-use.ts';
export { refuseColumn, refuseFieldName, refuseRootField, refuseTypeName } from './reserved.ts';
export { quoteName } from './sql-names.ts';
export { isSign, keyword, readName, type SqlToken, tokenize } from './sql-tokens.ts';
export { type SourceTopicSettings, toTopicSettings } from './topic-settings.ts';
export {
  type Cleanup,
  type EnumType,
  type EventTime,
  type Field,
  type FieldType,
  type Format,
  isTable,
  type KeyFormat,
  type Model,
  type ObjectType,
  type Place,
  type RedisPlace,
  type ScalarName,
  type Source,
  type Stream,
  scalarNames,
  type View,
} from './types.ts';
export { checkViewColumns, type DescribedColumn } from './view-columns.ts';
