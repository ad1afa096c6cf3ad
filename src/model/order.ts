import type { Report } from './place.ts';
import type { Source } from './types.ts';

/** Orders sources so that a view stands after everything it reads, else as declared. Views that read each other in a round are reported. */
export function orderSources(sources: readonly Source[], report: Report): readonly Source[] {
  const byTopic = new Map(sources.map((source) => [source.topic, source]));
  const done = new Set<Source>();
  const path: Source[] = [];

  function visit(source: Source): void {
    if (done.has(source)) return;
    const start = path.indexOf(source);
    if (start !== -1) {
      const round = [...path.slice(start), source].map(({ typeName }) => typeName).join(' → ');
      const place = source.kind === 'view' ? source.sqlPlace : source.place;
      report(place, `Views read each other in a round: ${round}. Let one of them read something else.`);
      return;
    }
    path.push(source);
    for (const topic of source.kind === 'view' ? source.reads : []) {
      const read = byTopic.get(topic);
      if (read !== undefined) visit(read);
    }
    path.pop();
    done.add(source);
  }

  for (const source of sources) visit(source);
  return [...done];
}
