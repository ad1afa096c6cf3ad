import type { Source } from './types.ts';

/** How Flink reads streams whose schemas a registry has. */
export interface RegistryReading {
  /** The registry's Confluent API as Flink reaches it. */
  readonly registryUrl: string;
  /** Further settings of Flink's avro-confluent format, such as those of authentication. */
  readonly settings: Readonly<Record<string, string>>;
  /** Whether Flink has the formats `sluice-avro` and `sluice-protobuf`, which `sluice flink-jar` writes. */
  readonly hasSluiceJar: boolean;
  /** By what the source is read: the registered schema, or the one that its declaration amounts to. */
  schemaOf(source: Source): SchemaText | MissingTable;
  /** Another value as soon as {@link schemaOf} may answer otherwise. */
  revision(): number;
}

/** An Avro schema, or for a stream of format PROTOBUF the plan by which `sluice-protobuf` reads; both are JSON. */
export interface SchemaText {
  readonly text: string;
}

/** Why a source has no table in SQL. */
export interface MissingTable {
  /** A clause for people, such as `the schema registry does not answer`. */
  readonly reason: string;
  /** Whether there may be one later, with nothing changed by anybody. */
  readonly mayCome: boolean;
}
