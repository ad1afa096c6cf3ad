import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import { messageOf } from '#errors';

/** Parameters of a GET that are JSON, see https://graphql.github.io/graphql-over-http/draft/#sec-GET */
const jsonParameters = ['variables', 'extensions'];

/** Refuses a GET whose parameters are no JSON: the server itself would take its parser's error for a fault of its own. */
export function useGetParameters(): Plugin {
  return {
    onRequestParse({ request, url }) {
      if (request.method !== 'GET') return;
      for (const name of jsonParameters) {
        try {
          JSON.parse(url.searchParams.get(name) || '{}');
        } catch (error) {
          throw new GraphQLError(`The parameter "${name}" of the address has to be JSON: ${messageOf(error)}`, {
            extensions: { code: 'BAD_REQUEST' },
          });
        }
      }
    },
  };
}
