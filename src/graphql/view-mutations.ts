import type { PlannedView, ViewAction } from '#jobs';
import type { BuildContext, Builder } from './builder.ts';

/** The lines of a plan, and whether they were carried out. */
interface Plan {
  readonly dryRun: boolean;
  readonly views: readonly PlannedView[];
}

const actions: Readonly<Record<ViewAction, { readonly description: string }>> = {
  START: { description: 'No job of it runs: one is started.' },
  KEEP: { description: 'Its job runs as declared.' },
  REPLACE: {
    description: 'Its job computes an earlier declaration: it is stopped, and one of this declaration is started.',
  },
  IDLE: { description: 'An on-demand view to which nobody subscribes: nothing is done.' },
  WAIT: { description: 'It cannot be told yet; it is done as soon as it can be.' },
  ORPHAN: { description: 'A job computes a view that is not declared here: it is left alone.' },
  STOP: { description: 'A job that computes a view that is not declared here was stopped with a savepoint.' },
};

/** Adds the mutation `applyViews`. */
export function addViewMutations({ builder, gateway }: BuildContext): void {
  const plan = addPlan(builder);
  builder.mutationField('applyViews', (t) =>
    t.field({
      type: plan,
      description:
        'Makes the jobs of Flink what the views declare, and keeps them so. Answers when each view was started, was found to run, or cannot be now. What clients did to the jobs of views (stopJob) holds until this is called.',
      args: {
        dryRun: t.arg.boolean({
          required: true,
          defaultValue: false,
          description: 'Only tell what would be done; nothing is changed.',
        }),
        stopOrphans: t.arg.boolean({
          required: true,
          defaultValue: false,
          description: 'Also stop, with a savepoint, the jobs of views that are not declared here.',
        }),
      },
      resolve: async (_root, { dryRun, stopOrphans }): Promise<Plan> => {
        const { views } = gateway.flink;
        return { dryRun, views: dryRun ? await views.plan() : await views.apply({ stopOrphans }) };
      },
    }),
  );
}

function addPlan(builder: Builder) {
  const view = addPlannedView(builder);
  return builder.objectRef<Plan>('ViewPlan').implement({
    description: 'What is done to make the jobs of Flink what the views declare.',
    fields: (t) => ({
      dryRun: t.exposeBoolean('dryRun', { description: 'True: nothing was changed.' }),
      views: t.field({
        type: [view],
        description:
          'The declared views, each after those that it reads; then the jobs of views that are not declared.',
        resolve: ({ views }) => [...views],
      }),
    }),
  });
}

function addPlannedView(builder: Builder) {
  const action = builder.enumType('ViewAction', { description: 'What is done for a view.', values: actions });
  const state = builder.enumType('StateOutcome', {
    description: 'What becomes of the state that the jobs of a view have built up.',
    values: {
      KEPT: { description: 'The job goes on with it.' },
      LOST: { description: 'It does not fit the new SQL: the job starts afresh.' },
      NONE: { description: 'There is none.' },
    } as const,
  });
  const replaced = builder.objectRef<NonNullable<PlannedView['replaces']>>('ReplacedJob').implement({
    description: 'The job of an earlier declaration.',
    fields: (t) => ({
      id: t.exposeID('id', { description: "Flink's id of it." }),
      sql: t.exposeString('sql', { nullable: true, description: 'The SQL that it runs.' }),
    }),
  });
  return builder.objectRef<PlannedView>('PlannedView').implement({
    description: 'What is done for a view.',
    fields: (t) => ({
      view: t.exposeString('view', { description: "The view's topic." }),
      action: t.field({ type: action, description: 'What is done.', resolve: (planned) => planned.action }),
      reason: t.exposeString('reason', { description: 'Why.' }),
      jobId: t.exposeID('jobId', {
        nullable: true,
        description: 'The job that computes it; null while there is none.',
      }),
      replaces: t.field({
        type: replaced,
        nullable: true,
        description: 'The job of the earlier declaration; null unless the view has changed.',
        resolve: (planned) => planned.replaces,
      }),
      state: t.field({ type: state, description: 'What becomes of its state.', resolve: (planned) => planned.state }),
      stateReason: t.exposeString('stateReason', {
        nullable: true,
        description: 'Why the state is kept or lost: the first difference between what the two versions compute.',
      }),
      savepoint: t.exposeString('savepoint', {
        nullable: true,
        description: 'The savepoint with which a job was stopped that computed a view that is not declared.',
      }),
      error: t.exposeString('error', { nullable: true, description: 'Why it cannot be done now; null when it can.' }),
    }),
  });
}
