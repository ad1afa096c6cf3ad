import type { Plugin } from 'graphql-yoga';
import { ProduceLane } from '#graphql';

/** Lets mutations that only produce take the short way, over every transport. */
export function useProduceLane(): Plugin {
  const lane = new ProduceLane((field) => field.startsWith('produce'));
  return {
    onExecute({ args, setExecuteFn }) {
      const execute = lane.take(args);
      if (execute) setExecuteFn(execute);
    },
  };
}
