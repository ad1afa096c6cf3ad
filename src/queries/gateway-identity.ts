import { randomUUID } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';

/** A process of a gateway, as other processes can tell whether it lives. */
const identity = z.object({
  host: z.string(),
  /** The namespace that the process id is of, where the system has such; containers share a host, not process ids. */
  namespace: z.string().nullable(),
  pid: z.int(),
  /** When the process began, in the system's own measure: process ids come again. */
  start: z.string().nullable(),
  /** Tells several gateways in one process from each other. */
  id: z.string(),
});

/** Who an ad hoc query lives and dies with; goes into a label of its job. */
export interface GatewayIdentity {
  /** As text, for the label. */
  readonly text: string;
  /** Whether the text of a label names a process that is surely gone. False for one on another host: nobody can tell. */
  isGone(text: string): boolean;
}

/** The identity of this process. */
export function createGatewayIdentity(): GatewayIdentity {
  const own: z.infer<typeof identity> = {
    host: hostname(),
    namespace: orNull(() => readlinkSync('/proc/self/ns/pid')),
    pid: process.pid,
    start: startOf(process.pid),
    id: randomUUID(),
  };
  return {
    text: JSON.stringify(own),
    isGone(text) {
      const other = parse(text);
      if (!other || other.host !== own.host || other.namespace !== own.namespace) return false;
      return !isAlive(other.pid) || startOf(other.pid) !== other.start;
    },
  };
}

function parse(text: string): z.infer<typeof identity> | null {
  const parsed = orNull(() => identity.safeParse(JSON.parse(text)));
  return parsed?.success ? parsed.data : null;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    // EPERM: it lives, and belongs to somebody else.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** The 22nd field of /proc/<pid>/stat; the second is the command's name in parentheses, which may hold spaces. */
function startOf(pid: number): string | null {
  const text = orNull(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  return text?.slice(text.lastIndexOf(')') + 2).split(' ')[19] ?? null;
}

function orNull<T>(read: () => T): T | null {
  try {
    return read();
  } catch {
    return null;
  }
}
