/** Copies streams of Redis into topics of Kafka, by one gateway at a time. */
export { type BridgedSource, type Bridges, type BridgesOptions, openBridges } from './bridges.ts';
