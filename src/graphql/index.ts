/** The only user of Pothos: the executable GraphQL schema of the model, over interfaces to the rooms behind it. */

export type { GraphQLContext } from './builder.ts';
export { type ErrorLog, toClientError, withPhase } from './client-errors.ts';
export { exampleOperations } from './example-operations.ts';
export type { FlinkAccess, Gateway, ServedSource, WatermarkAccess } from './gateway.ts';
export { RenderedPage } from './page-renderer.ts';
export { ProduceLane } from './produce-lane.ts';
export type { PushedPages } from './pushed-pages.ts';
export { createSchema, printSortedSchema } from './schema.ts';
export { serveSource } from './serve-source.ts';
