import { inject } from 'vitest';

/** Cancels the jobs of these views on the shared Flink when it is disposed: each that runs on costs all later tests time. */
export function endJobsOf(...views: readonly string[]): AsyncDisposable {
  const { flinkRest } = inject('endpoints');
  return {
    async [Symbol.asyncDispose]() {
      const answer = await (await fetch(`${flinkRest}/jobs/overview`)).json();
      const { jobs } = answer as { readonly jobs: readonly { readonly jid: string; readonly name: string }[] };
      const own = jobs.filter(({ name }) => views.includes(name));
      await Promise.all(own.map(({ jid }) => fetch(`${flinkRest}/jobs/${jid}`, { method: 'PATCH' })));
    },
  };
}
