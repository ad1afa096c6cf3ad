import type { z } from 'zod';
import { flinkOptions, type Logger, openFlink } from '#flink';
import { type Jobs, jobsOptions, openJobs, type RestorePoints, type WatermarkListener, withoutJobs } from '#jobs';
import type { Model, RegistryReading } from '#model';
import { openQueries, type Queries, queriesOptions, withoutQueries } from '#queries';
import { createSqlPolicy } from '#sql';

/** The settings of all rooms that have to do with Flink. */
export const flinkSettings = flinkOptions.safeExtend({
  ...jobsOptions.shape,
  ...queriesOptions.shape,
});

/** What {@link openFlinkParts} needs. */
export interface FlinkPartsOptions {
  readonly settings: z.infer<typeof flinkSettings>;
  readonly model: Model;
  /** The brokers as Flink reaches them, `host:port` separated by commas. */
  readonly bootstrapServers: string;
  /** Further Kafka client settings of Flink's tables, without the prefix `properties.`. */
  readonly kafkaProperties?: Readonly<Record<string, string>>;
  /** How Flink reads streams whose schemas a registry has; absent: not at all. */
  readonly registry?: RegistryReading;
  /** Null where Flink's checkpoints lie out of the gateway's sight. */
  readonly restorePoints: RestorePoints | null;
  /** Is told the watermarks of the views that somebody asks for; absent: nobody is. */
  readonly watermarks?: WatermarkListener;
  readonly logger: Logger;
}

/** Everything that the gateway does with Flink. */
export interface FlinkParts extends Jobs {
  /** SQL of clients that is run as it comes. */
  readonly sql: Omit<Queries, 'close'>;
  /** Whether the JobManager answers now. Never rejects. */
  isReady(): Promise<boolean>;
  /** Ends what is under way and closes the sessions; jobs run on. */
  close(): Promise<void>;
}

/** Builds the parts and hands them to each other; nothing is sent yet. Without addresses every call says that there is no Flink. */
export function openFlinkParts(options: FlinkPartsOptions): FlinkParts {
  const { settings, model, bootstrapServers } = options;
  const flink = openFlink(options);
  if (!flink) return { ...withoutJobs(model), sql: withoutQueries(), isReady: async () => false };
  const policy = createSqlPolicy(settings, model, bootstrapServers);
  const jobs = openJobs({ ...options, flink, policy });
  const sql = openQueries({ ...options, flink, policy });
  return {
    ...jobs,
    sql,
    isReady: () => flink.isReady(),
    async close() {
      const halted = jobs.close();
      sql.close();
      // What is under way ends with the connections it waits on.
      await flink.close();
      await halted;
    },
  };
}
