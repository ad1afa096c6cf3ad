import type { FoundTopic } from '#declare';
import { type ImportPlan, planImport } from '#declare';
import type { LogRecord } from '#feed';

/** A record as a sample has it. */
export function record(value: unknown, options: Partial<LogRecord> = {}): LogRecord {
  const bytes = Buffer.isBuffer(value) ? value : Buffer.from(JSON.stringify(value));
  return { partition: 0, offset: 0n, timestampMs: 0, key: null, value: bytes, headers: [], ...options };
}

/** A topic with these records. */
export function found(
  topic: string,
  sample: readonly LogRecord[],
  facts: Partial<FoundTopic['facts']> = {},
): FoundTopic {
  return {
    facts: { topic, partitions: 1, cleanup: 'DELETE', retentionMs: null, ...facts },
    sample,
    registered: null,
  };
}

/** Plans the import of the topics beside these files. */
export function plan(topics: readonly FoundTopic[], files: Readonly<Record<string, string>> = {}): ImportPlan {
  const given = Object.entries(files).map(([file, text]) => ({ file: `schema/${file}`, text }));
  return planImport({ schemaDir: 'schema', files: given, topics, named: [], force: false, tryOut: () => undefined });
}

/** The text that one topic is declared by. */
export function declared(topic: FoundTopic): string {
  const { files, leftOut } = plan([topic]);
  return files[0]?.text ?? `left out: ${leftOut[0]?.reason}`;
}
