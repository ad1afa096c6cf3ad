import { quoteName } from './sql-names.ts';

/** What every table has beside its fields, and where that comes from. */
const definitions: Readonly<Record<string, string>> = {
  proctime: 'AS PROCTIME()',
  record_time: "TIMESTAMP_LTZ(3) METADATA FROM 'timestamp' VIRTUAL",
  record_partition: "INT METADATA FROM 'partition' VIRTUAL",
  record_offset: "BIGINT METADATA FROM 'offset' VIRTUAL",
  record_headers: "MAP<STRING, BYTES> METADATA FROM 'headers' VIRTUAL",
};

/** Their names, quoted. */
export const virtualNames: readonly string[] = Object.keys(definitions).map(quoteName);

/** Their definitions in a CREATE TABLE. */
export const virtualColumns: readonly string[] = Object.entries(definitions).map(
  ([name, definition]) => `${quoteName(name)} ${definition}`,
);
