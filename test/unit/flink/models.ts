import { type Model, parseModel, type View } from '#model';

/** The model of the declarations; throws when they have faults. */
export function modelOf(text: string): Model {
  const parsed = parseModel([{ file: 'schema/test.graphql', text }]);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.faults));
  return parsed.model;
}

/** The model's view on the topic. */
export function viewOf(model: Model, topic: string): View {
  const found = model.sources.find((source) => source.topic === topic);
  if (found?.kind !== 'view') throw new Error(`no view ${topic}`);
  return found;
}

/** What may differ in {@link clicksModel}. */
export interface ClicksParts {
  readonly topic?: string;
  readonly delay?: string;
  readonly streamFields?: string;
  readonly arguments?: string;
  readonly select?: string;
  readonly cnt?: string;
  readonly description?: string;
}

/** A stream of clicks and a view that counts them. */
export function clicksModel(parts: ClicksParts = {}): Model {
  return modelOf(`
type UserClick @stream(topic: "user_clicks", key: ["userId"]) {
  userId: ID!
  clickedAt: DateTime! @eventTime(delay: "${parts.delay ?? 'PT1S'}")
  ${parts.streamFields ?? ''}
}
"${parts.description ?? 'Counts.'}"
type TopUser @view(topic: "${parts.topic ?? 'top_users'}", ${parts.arguments ?? ''} sql: """
  ${parts.select ?? 'SELECT user_id, COUNT(*) AS cnt FROM user_clicks GROUP BY user_id'}
""") {
  userId: ID!
  cnt: ${parts.cnt ?? 'BigInt!'}
}
`);
}
