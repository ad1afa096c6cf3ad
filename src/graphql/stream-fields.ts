import { SluiceError } from '#errors';
import type { Job } from '#flink';
import type { ViewStatus } from '#jobs';
import { redisPlaceOf } from '#model';
import type { BuildContext, Builder } from './builder.ts';
import type { Gateway, ServedSource } from './gateway.ts';
import type { TypeRef } from './job-types.ts';
import { addCompleteness } from './stream-completeness.ts';

/** Adds the query `streams`. */
export function addStreamFields({ builder, gateway }: BuildContext, job: TypeRef<Job>): void {
  const stream = addStream({ builder, gateway });
  addHome(builder, stream);
  addTroubles({ builder, gateway }, stream);
  addJob({ builder, gateway }, stream, job);
  addCompleteness({ builder, gateway }, stream);
  builder.queryField('streams', (t) =>
    t.field({ type: [stream], description: 'All declared streams and views.', resolve: () => [...gateway.sources] }),
  );
}

function addStream({ builder, gateway }: BuildContext) {
  const kind = builder.enumType('StreamKind', {
    description: 'How a type is declared.',
    values: {
      STREAM: { description: '`@stream`: records that clients produce and read.' },
      VIEW: { description: '`@view`: the result of a Flink SQL query.' },
    } as const,
  });
  const viewState = addViewState(builder);
  const runMode = builder.enumType('RunMode', {
    description: "When a view's job runs.",
    values: {
      ALWAYS: { description: 'From the start of the gateway on.' },
      ON_DEMAND: { description: 'While somebody subscribes to it, or to a view that reads it.' },
    } as const,
  });

  return builder.objectRef<ServedSource>('Stream').implement({
    description: 'A declared stream or view.',
    fields: (t) => ({
      name: t.string({ description: 'The declared type.', resolve: ({ source }) => source.typeName }),
      field: t.string({ description: 'Its query and subscription field.', resolve: ({ source }) => source.plural }),
      kind: t.field({
        type: kind,
        description: 'How it is declared.',
        resolve: ({ source }) => (source.kind === 'stream' ? 'STREAM' : 'VIEW'),
      }),
      description: t.string({
        nullable: true,
        description: 'As declared.',
        resolve: ({ source }) => source.description,
      }),
      key: t.stringList({
        description: 'The fields that make the record key, in order.',
        resolve: ({ source }) => source.key.map(({ name }) => name),
      }),
      ddl: t.exposeString('ddl', {
        nullable: true,
        description: 'The table as Flink SQL sees it; null for what lies in Redis alone, which Flink does not see.',
      }),
      sql: t.string({
        nullable: true,
        description: 'The SELECT of a view; null for a stream.',
        resolve: ({ source }) => (source.kind === 'view' ? source.sql : null),
      }),
      state: t.field({
        type: viewState,
        nullable: true,
        description: "Where the view's job stands; null for a stream.",
        resolve: (served) => (served.source.kind === 'view' ? statusOf(served, gateway).state : null),
      }),
      run: t.field({
        type: runMode,
        nullable: true,
        description: "When the view's job runs; null for a stream.",
        resolve: ({ source }) => (source.kind === 'view' ? source.run : null),
      }),
      jobId: t.id({
        nullable: true,
        description: "The view's Flink job.",
        resolve: (served) => (served.source.kind === 'view' ? statusOf(served, gateway).jobId : null),
      }),
    }),
  });
}

function statusOf({ source }: ServedSource, { flink }: Pick<Gateway, 'flink'>): ViewStatus {
  const { topic } = source;
  const found = flink.views.statuses().find(({ view }) => view === topic);
  return found ?? { view: topic, state: 'PENDING', jobId: null, error: null };
}

/** What is wrong with a stream or view, and what is not as wished. */
function addTroubles({ builder, gateway }: BuildContext, stream: TypeRef<ServedSource>): void {
  const { bridges, registry } = gateway;
  builder.objectFields(stream, (t) => ({
    error: t.string({
      nullable: true,
      description:
        'Why the view does not run, what comes in Redis is not copied, or what the schema registry has against the stream; null when all is well.',
      resolve: (served) => {
        const { source } = served;
        if (source.kind === 'view') return statusOf(served, gateway).error;
        const problems = [bridges?.problemOf(source), registry?.troubleOf(source)];
        return problems.filter((problem) => typeof problem === 'string').join('\n') || null;
      },
    }),
    warning: t.string({
      nullable: true,
      description:
        'What is not as wished though it works, such as state that a view could not keep, or a registered schema that allows more than the declared type.',
      resolve: (served) =>
        served.source.kind === 'view' ? statusOf(served, gateway).warning : registry?.noteOf(served.source),
    }),
  }));
}

/** The link from a view to its job: one list of the jobs for all that are asked for at once. */
function addJob({ builder, gateway }: BuildContext, stream: TypeRef<ServedSource>, job: TypeRef<Job>): void {
  const { jobs, views } = gateway.flink;
  builder.objectField(stream, 'job', (t) =>
    t.field({
      type: job,
      nullable: true,
      description: "The view's Flink job; null for a stream, and while there is none.",
      resolve: async ({ source }) => {
        const id = views.statuses().find(({ view }) => view === source.topic)?.jobId;
        return id ? await jobs.get(id).catch(orNull) : null;
      },
    }),
  );
}

/** Flink may have forgotten the job meanwhile. */
function orNull(thrown: unknown): null {
  if (thrown instanceof SluiceError && thrown.code === 'NOT_FOUND') return null;
  throw thrown;
}

const homes = {
  TOPIC: 'KAFKA_TOPIC',
  CHANNEL: 'REDIS_CHANNEL',
  PATTERN: 'REDIS_PATTERN',
  STREAM: 'REDIS_STREAM',
} as const;

function addHome(builder: Builder, stream: TypeRef<ServedSource>): void {
  const home = builder.enumType('StreamHome', {
    description: 'Where a stream lies.',
    values: {
      KAFKA_TOPIC: { description: 'A Kafka topic.' },
      REDIS_CHANNEL: { description: 'A pub/sub channel of Redis: live only.' },
      REDIS_PATTERN: { description: 'All pub/sub channels of Redis that fit a pattern: live and read only.' },
      REDIS_STREAM: { description: 'A Redis Stream.' },
    } as const,
  });
  builder.objectFields(stream, (t) => ({
    topic: t.string({
      description: 'The Kafka topic, and the table in SQL; of Redis the channel, the pattern or the key of the stream.',
      resolve: ({ source }) => redisPlaceOf(source)?.name ?? source.topic,
    }),
    home: t.field({
      type: home,
      description: 'Where it lies.',
      resolve: ({ source }) => homes[redisPlaceOf(source)?.kind ?? 'TOPIC'],
    }),
  }));
}

function addViewState(builder: Builder) {
  return builder.enumType('ViewState', {
    description: "Where a view's job stands.",
    values: {
      PENDING: {
        description: 'Not started yet; `error` says so when it needs applyViews for that, or waits for a table.',
      },
      IDLE: { description: 'An on-demand view to which nobody subscribes: its job starts with the next subscriber.' },
      STARTING: { description: 'Handed to Flink, not running yet.' },
      RUNNING: { description: 'Its rows arrive.' },
      FAILED: { description: 'Flink refused it, or its job failed; `error` says why.' },
      FLINK_UNAVAILABLE: { description: 'Flink does not answer at present; it is tried again.' },
      NO_FLINK: { description: 'No Flink is configured; rows that are in the topic can be read.' },
    } as const,
  });
}
