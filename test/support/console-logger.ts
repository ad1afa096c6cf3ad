import type { Logger } from '#local';

const nothing = () => {};

/** Shows what a person should see and drops the rest. */
export const consoleLogger: Logger = {
  debug: nothing,
  info: nothing,
  warn: (_facts, message) => console.warn(message),
  error: (_facts, message) => console.error(message),
};
