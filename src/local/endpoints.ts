import { randomUUID } from 'node:crypto';
import { rename, rm, writeFile } from 'node:fs/promises';

/** A JVM of the stack. */
export interface StackProcess {
  readonly name: string;
  readonly pid: number;
  readonly logFile: string;
}

/** Where the stack's parts listen. Without Flink its two are null. */
export interface Endpoints {
  /** `host:port` */
  readonly kafkaBrokers: string;
  /** `http://host:port` */
  readonly flinkRest: string | null;
  /** `http://host:port` */
  readonly sqlGateway: string | null;
  /** `http://host:port/path` of its Confluent API. Null: there is none. */
  readonly schemaRegistry: string | null;
  /** `redis://host:port`. Null: there is none. */
  readonly redis: string | null;
}

/** The content of `endpoints.json`, for people and programs that look what runs where. */
export interface EndpointsFile extends Endpoints {
  /** The gateway's process id. */
  readonly pid: number;
  readonly processes: readonly StackProcess[];
  /** What the gateway adds, e.g. its GraphQL address. */
  readonly [name: string]: unknown;
}

/** Replaces the file at once, so that a reader never sees half of it. */
export async function writeEndpointsFile(path: string, content: EndpointsFile): Promise<void> {
  const draft = `${path}.${randomUUID()}`;
  await writeFile(draft, `${JSON.stringify(content, null, 2)}\n`);
  await rename(draft, path);
}

/** Removes the file: nothing runs any more. */
export async function removeEndpointsFile(path: string): Promise<void> {
  await rm(path, { force: true });
}
