/** Declarations of topics that exist, and declarations held against what exists. Pure: Kafka and the registry are ports. */
export {
  checkRecords,
  checkSchema,
  checkTopics,
  type Finding,
  type LiveTopic,
} from './check-sources.ts';
export type { TopicFacts } from './declaration.ts';
export type { FoundTopic, RegisteredTopic } from './declare-topic.ts';
export { diffLines } from './diff.ts';
export { type SampleOptions, sampleOptions } from './options.ts';
export { type ImportPlan, isWritten, type PlannedFile, planImport } from './plan-import.ts';
export { sampleTopic } from './sample-topic.ts';
export { schemaIdsOf, schemaOfRecords } from './schema-of-records.ts';
