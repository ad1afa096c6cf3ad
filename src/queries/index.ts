/** SQL of clients that is run as it comes: bounded queries, continuous ones, and plans. */

export type { AdHocResult, TruncationReason } from './ad-hoc-query.ts';
export type { AdHocPage, AdHocRow } from './ad-hoc-subscription.ts';
export type { Explanation, PlanInput, PlanNode } from './explanation.ts';
export { openQueries, type Queries, withoutQueries } from './open-queries.ts';
export { queriesOptions } from './options.ts';
