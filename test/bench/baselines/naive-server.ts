import { createServer } from 'node:http';
import type { execute, subscribe } from 'graphql';
import { useServer } from 'graphql-ws/use/ws';
import { createPubSub, createSchema, createYoga } from 'graphql-yoga';
import { Kafka, logLevel } from 'kafkajs';
import { WebSocketServer } from 'ws';
import { listen } from './listen.ts';

/** A record of the topic as this server's schema has it. */
interface Click {
  readonly userId: string;
  readonly url: string;
  readonly clickedAt: string;
}

/** What yoga hands to graphql-ws, by way of the root value. */
interface Enveloped {
  readonly execute: typeof execute;
  readonly subscribe: typeof subscribe;
}

// What one writes from the manuals of yoga, graphql-ws and kafkajs: a consumer that publishes each record, a
// subscription that listens, graphql-js executing the operation for each subscriber and record.
const [brokers = '', topic = ''] = process.argv.slice(2);
const pubSub = createPubSub<{ clicked: [Click] }>();
const yoga = createYoga({
  logging: false,
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      type Click { userId: ID! url: String! clickedAt: String! }
      type Query { ok: Boolean! }
      type Subscription { clicked: Click! }
    `,
    resolvers: {
      Query: { ok: () => true },
      Subscription: { clicked: { subscribe: () => pubSub.subscribe('clicked'), resolve: (click: Click) => click } },
    },
  }),
});
const server = createServer(yoga);
useServer(
  {
    // As yoga's manual wires graphql-ws.
    execute: (args) => (args.rootValue as Enveloped).execute(args),
    subscribe: (args) => (args.rootValue as Enveloped).subscribe(args),
    onSubscribe: async (context, _id, payload) => {
      const enveloped = yoga.getEnveloped({ ...context, req: context.extra.request, params: payload });
      const args = {
        schema: enveloped.schema,
        operationName: payload.operationName,
        document: enveloped.parse(payload.query),
        variableValues: payload.variables,
        contextValue: await enveloped.contextFactory(),
        rootValue: { execute: enveloped.execute, subscribe: enveloped.subscribe },
      };
      const errors = enveloped.validate(args.schema, args.document);
      return errors.length > 0 ? errors : args;
    },
  },
  new WebSocketServer({ server, path: yoga.graphqlEndpoint }),
);
const consumer = new Kafka({ brokers: brokers.split(','), logLevel: logLevel.NOTHING }).consumer({
  groupId: `naive-${process.pid}`,
});
await consumer.connect();
await consumer.subscribe({ topic });
consumer.on(consumer.events.GROUP_JOIN, () => listen(server));
await consumer.run({
  eachMessage: async ({ message }) => {
    const record = JSON.parse(String(message.value));
    pubSub.publish('clicked', { userId: record.user_id, url: record.url, clickedAt: record.clicked_at });
  },
});
