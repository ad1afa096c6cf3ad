import { createHash } from 'node:crypto';
import { SluiceError } from '#errors';
import type { JobControl } from '#flink';

const maxFailedStops = 64;

/**
 * The id under which a job is stopped now: the same for all who stop it, until that has failed. With two stops of a job
 * under way Flink suspends one and restarts the job; with the same id they are one stop, and Flink tells its outcome for
 * five minutes. Rejects with OVERLOADED after many failures.
 */
export async function freeStopTrigger(
  jobControl: Pick<JobControl, 'savepointProgress'>,
  jobId: string,
): Promise<string> {
  for (let attempt = 0; attempt < maxFailedStops; attempt += 1) {
    const triggerId = toTriggerId(attempt === 0 ? `stop ${jobId}` : `stop ${jobId} ${attempt}`);
    try {
      const progress = await jobControl.savepointProgress(jobId, triggerId);
      if (progress.state !== 'FAILED') return triggerId;
    } catch (thrown) {
      if (thrown instanceof SluiceError && thrown.code === 'NOT_FOUND') return triggerId;
      throw thrown;
    }
  }
  throw new SluiceError(
    'OVERLOADED',
    `Job ${jobId} could not be stopped ${maxFailedStops} times. Try again in five minutes.`,
  );
}

/** Flink takes an id of 32 hex digits from whoever asks, so that the same thing has the same id everywhere. */
function toTriggerId(text: string): string {
  return createHash('md5').update(text).digest('hex');
}
