/** Run as a process of its own: opens a Kafka on the data folder of its argument, says so, and waits to be killed. */
import { localOptions, openLocalStack } from '#local';
import { consoleLogger } from './console-logger.ts';

const stack = await openLocalStack({
  ...localOptions.parse({ dataDir: process.argv[2], ports: { kafka: 0 } }),
  env: process.env,
  flink: false,
  logger: consoleLogger,
  onProgress: () => {},
  signal: new AbortController().signal,
});
console.log(JSON.stringify(stack.processes));
