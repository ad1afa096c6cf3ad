import type { GraphQLSchema } from 'graphql';
import type { Schemas } from '#codec';
import { createCursors, Feeds } from '#feed';
import { createSchema, serveSource } from '#graphql';
import { kafkaOptionsSchema, openKafka } from '#kafka';
import type { Model } from '#model';
import { flinkSettings, openFlinkParts } from './flink-parts.ts';

const silent = { debug() {}, info() {}, warn() {}, error() {} };
/** As of a registry that was not asked anything yet. */
const noSchemas: Schemas = { byId: () => undefined, writer: null };
/** Discard: nothing is asked of it, for nothing of the schema is executed. */
const nowhere = '127.0.0.1:9';

/** The GraphQL schema that a gateway would serve of the model, to look at. Connects to nothing. Throws when there is none. */
export function schemaOf(model: Model): GraphQLSchema {
  const kafka = openKafka(kafkaOptionsSchema.parse({ connection: { brokers: nowhere } }), silent);
  const settings = flinkSettings.parse({});
  return createSchema({
    model,
    sources: model.sources.map((source) => serveSource(source, noSchemas)),
    feeds: new Feeds({ log: kafka.log }),
    cursors: createCursors([Buffer.alloc(32)]),
    writer: kafka.writer,
    flink: openFlinkParts({ settings, model, bootstrapServers: nowhere, restorePoints: null, logger: silent }),
    errorLog: silent,
    produceTimeoutMs: 0,
    queryTimeoutMs: 0,
    now: Date.now,
  });
}
