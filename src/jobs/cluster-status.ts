import { z } from 'zod';
import { messageOf } from '#errors';
import { type ClusterOverview, type JobManager, type RestClient, shareCalls } from '#flink';

/** Whether an endpoint answers; the error says why not, in words. */
interface EndpointStatus {
  readonly error: string | null;
}

/** What is known of the Flink cluster. */
export interface ClusterStatus {
  /** Null while the JobManager does not answer. */
  readonly overview: ClusterOverview | null;
  readonly jobManager: EndpointStatus;
  readonly sqlGateway: EndpointStatus;
}

const info = z.object({ version: z.string() });

/** Makes the question how the cluster is: two requests, shared by all who ask at once. Never rejects. */
export function createClusterStatus(
  jobManager: Pick<JobManager, 'overview'>,
  sqlGateway: Pick<RestClient, 'request'>,
): () => Promise<ClusterStatus> {
  return shareCalls(async () => {
    const [overview, gateway] = await Promise.allSettled([jobManager.overview(), sqlGateway.request('/info', info)]);
    return {
      overview: overview.status === 'fulfilled' ? overview.value : null,
      jobManager: statusOf(overview),
      sqlGateway: statusOf(gateway),
    };
  });
}

function statusOf(answer: PromiseSettledResult<unknown>): EndpointStatus {
  return { error: answer.status === 'fulfilled' ? null : messageOf(answer.reason) };
}
