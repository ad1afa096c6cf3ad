/** Environment variables and command-line options → one frozen, validated Config. */
export { type Clusters, type Config, type FlinkClusters, loadConfig } from './config.ts';
export { describeOptions, type OptionRow, printHelp } from './describe-options.ts';
export type { Environment } from './read-settings.ts';
