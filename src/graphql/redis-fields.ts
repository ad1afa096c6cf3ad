import { redisPlaceOf } from '#model';
import type { BuildContext } from './builder.ts';
import { addChannelFields, addChannelTypes } from './channel-fields.ts';
import type { DeclaredTypes } from './declared-types.ts';
import type { ProduceTypes } from './produce-types.ts';
import type { RecordTypes } from './record-types.ts';
import { addAppendField, addPublishField, addPublishTypes } from './redis-mutations.ts';
import { addSourceFields } from './source-fields.ts';

/**
 * Adds the fields of what is declared in Redis. A Redis Stream has a history as a topic has; a channel has none, so its
 * query, its cursors and whatever would begin or end in the past are not in the schema at all: a client learns it while
 * it is written, not when it runs. A pattern is read only, for there is no one channel to publish on.
 */
export function addRedisFields(
  context: BuildContext,
  declared: DeclaredTypes,
  { recordTypes, produceTypes }: { readonly recordTypes: RecordTypes; readonly produceTypes: ProduceTypes },
): void {
  const { builder, gateway } = context;
  const inRedis = gateway.sources.flatMap((served) => {
    const { source } = served;
    const place = redisPlaceOf(source);
    return place && source.kind === 'stream' ? [{ served, stream: source, place }] : [];
  });
  const channels = inRedis.filter(({ place }) => place.kind !== 'STREAM');
  for (const target of inRedis.filter(({ place }) => place.kind === 'STREAM')) {
    addSourceFields(context, declared, recordTypes, target.served);
    addAppendField(context, declared, produceTypes, target);
  }
  if (channels.length === 0) return;
  const channelTypes = addChannelTypes(builder, recordTypes);
  for (const target of channels) addChannelFields(context, declared, channelTypes, target);
  const named = channels.filter(({ place }) => place.kind === 'CHANNEL');
  if (named.length === 0) return;
  const publishTypes = addPublishTypes(builder, produceTypes);
  for (const target of named) addPublishField(context, declared, publishTypes, target);
}
