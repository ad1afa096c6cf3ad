import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FakeAnswer, fakeFlink } from '../flink/fake-flink.ts';

/** Versions of Flink whose REST answers were recorded from a running cluster; the files say what is left out of them. */
export const recordedVersions = ['1.20.3', '2.3.0'] as const;

interface Recording {
  readonly answers: Readonly<Record<string, unknown>>;
}

/** A JobManager that answers as the recorded one did. Jobs are known by their names. */
export class RecordedFlink {
  readonly #answers: Recording['answers'];
  /** How many jobs there are of each that was recorded; their ids end in their number. */
  copies = 1;

  constructor(version: (typeof recordedVersions)[number]) {
    const path = join(import.meta.dirname, 'recorded', `flink-${version}.json`);
    this.#answers = (JSON.parse(readFileSync(path, 'utf8')) as Recording).answers;
  }

  /** Serves it over HTTP. */
  serve() {
    return fakeFlink(({ path }) => this.#answer(path));
  }

  /** The id of the first recorded job with such a name. */
  idOf(name: RegExp): string {
    const job = this.#jobs.find((one) => name.test(one.name));
    if (!job) throw new Error(`no job ${name} was recorded`);
    return job.jid;
  }

  /** The ids of the copies of a job. */
  copiesOf(id: string): readonly string[] {
    return Array.from({ length: this.copies }, (_, index) => `${id.slice(0, -4)}${String(index).padStart(4, '0')}`);
  }

  get #jobs() {
    return (this.#answers['/jobs/overview'] as { jobs: { jid: string; name: string }[] }).jobs;
  }

  #answer(path: string): FakeAnswer {
    const own = this.#toRecorded(path);
    const known = this.#answers[own] ?? this.#metrics(own);
    if (known === undefined) return { status: 404, body: { errors: [`not recorded: ${path}`] } };
    return { body: inNameOf(path, known) };
  }

  /** The path of the job that a copy was made of. */
  #toRecorded(path: string): string {
    return path.replace(/^\/jobs\/([0-9a-f]{28})[0-9a-f]{4}/, (whole, start: string) => {
      const job = this.#jobs.find(({ jid }) => jid.startsWith(start));
      return job ? `/jobs/${job.jid}` : whole;
    });
  }

  /** Any choice of the metrics that were recorded of a vertex; nothing when one was not, as Flink does. */
  #metrics(path: string): unknown {
    const [, vertex, query] = /^(.*\/subtasks\/metrics)\?get=([^&]*)/.exec(path) ?? [];
    if (vertex === undefined || query === undefined) return undefined;
    const wanted = query.split(',').map(decodeURIComponent);
    const all = Object.entries(this.#answers).find(([key]) => key.startsWith(`${vertex}?get=`))?.[1];
    const found = ((all ?? []) as { id: string }[]).filter(({ id }) => wanted.includes(id));
    return found.length === wanted.length ? found : [];
  }
}

/** The answer with the id of the job that was asked for. */
function inNameOf(path: string, answer: unknown): unknown {
  const id = /^\/jobs\/([0-9a-f]{32})/.exec(path)?.[1];
  return id && typeof answer === 'object' && answer && 'jid' in answer ? { ...answer, jid: id } : answer;
}
