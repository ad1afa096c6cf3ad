import { argumentPlace, type DirectiveUse, textOf } from './directive-use.ts';
import type { Report } from './place.ts';
import { refuseTopic } from './reserved.ts';
import type { Source, Stream } from './types.ts';

/** Where a topic's dead letters go unless another place is named. */
export function defaultDeadLetterTopic(topic: string): string {
  return `${topic}.dlq`;
}

/** The dead letter topic of a stream: the one that is named, or the stream's with `.dlq`; null for a stream without one. */
export function readDeadLetterTopic(
  { topic, onBadRecord }: Pick<Stream, 'topic' | 'onBadRecord'>,
  use: DirectiveUse,
  report: Report,
): string | null {
  const named = textOf(use, 'deadLetterTopic');
  const place = argumentPlace(use, 'deadLetterTopic');
  if (onBadRecord !== 'DEAD_LETTER') {
    if (named !== undefined) report(place, 'A dead letter topic is for onBadRecord: DEAD_LETTER. Write that too.');
    return null;
  }
  const deadLetterTopic = named ?? defaultDeadLetterTopic(topic);
  const refusal = refuseTopic(deadLetterTopic);
  if (refusal !== null) report(place, refusal);
  return deadLetterTopic;
}

/** Reports dead letters that would be looked through for bad records in turn: they could go round for ever. */
export function checkDeadLetters(sources: readonly Source[], report: Report): void {
  const letters = sources.flatMap((source) =>
    source.kind === 'stream' && source.deadLetterTopic !== null ? [{ ...source, to: source.deadLetterTopic }] : [],
  );
  for (const { typeName, to, place } of letters) {
    const reader = letters.find(({ topic }) => topic === to);
    if (!reader) continue;
    const what = `The dead letters of "${typeName}" go to "${to}", the topic of "${reader.typeName}", which has dead letters itself.`;
    report(place, `${what} Name another with deadLetterTopic, or let "${reader.typeName}" REPORT or SKIP.`);
  }
}
