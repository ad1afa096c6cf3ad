/** The local stack: a real Kafka and a real Flink as child JVMs, for a machine that has none. Used by main alone. */
export { cleanLocalData } from './clean.ts';
export { type Demo, demoTypes, startDemo } from './demo.ts';
export type { Endpoints, StackProcess } from './endpoints.ts';
export { writeFlinkJar } from './format-jar.ts';
export { type Environment, type LocalOptions, type Logger, localOptions, type Progress } from './options.ts';
export { createRestorePoints, type RestorePoints } from './restore-points.ts';
export { type LocalStack, type LocalStackOptions, openLocalStack } from './stack.ts';
