import { endProcesses, findByArgument } from './processes.ts';

const graceMs = 5_000;

/** The argument that marks a JVM of ours, and the data folder that it belongs to. */
export function dataMark(root: string): string {
  return `-Dsluice.data=${root}`;
}

/**
 * Ends the JVMs that run on the data folder though its gateway is gone: to be called by who holds its lock. Finds them
 * by their mark, so a process that merely has got the id of one of ours is safe. Returns their ids.
 */
export async function endLeftovers(root: string): Promise<readonly number[]> {
  const pids = await findByArgument(dataMark(root));
  await endProcesses(pids, graceMs);
  return pids;
}
