import SchemaBuilder from '@pothos/core';
import type { Sink } from '#feed';
import type { Gateway } from './gateway.ts';
import type { RenderedPage } from './page-renderer.ts';
import type { PushedPages } from './pushed-pages.ts';
import {
  bigIntScalar,
  bytesScalar,
  cursorScalar,
  dateScalar,
  dateTimeScalar,
  decimalScalar,
  jsonScalar,
  timeScalar,
} from './scalars.ts';

/** What every resolver sees. */
export interface GraphQLContext {
  /** The HTTP request, whose signal aborts when the client has gone; absent over WebSocket. */
  readonly request?: { readonly signal: AbortSignal };
  /** Where a subscription's pages go, made once for all who get the same; absent: each is executed by itself. */
  readonly sink?: Sink<RenderedPage>;
  /** Is told the subscription whose pages go to the sink: a transport may keep that alone and let go of the rest. */
  readonly onPages?: (pages: PushedPages) => void;
  /** The cursor that came last over SSE, from a client that comes back: takes the place of `after` and `from`. */
  readonly lastEventId?: string;
  /** Who asks, as the limits of ad hoc SQL count clients: one for each WebSocket, else the remote address. */
  readonly client?: string;
  /** Canonical text of what the client may see; null: nothing that is made for it is shown to others. */
  readonly rights?: string | null;
}

interface ScalarShape<T> {
  Input: T;
  Output: unknown;
}

interface SchemaTypes {
  Context: GraphQLContext;
  Scalars: {
    BigInt: ScalarShape<bigint | number>;
    DateTime: ScalarShape<string>;
    Date: ScalarShape<string>;
    Time: ScalarShape<string>;
    Decimal: ScalarShape<string>;
    Bytes: ScalarShape<string>;
    JSON: ScalarShape<unknown>;
    Cursor: ScalarShape<string>;
  };
  DefaultFieldNullability: false;
}

/** A builder with the scalars and empty root types. One per schema. */
export function createBuilder() {
  const builder = new SchemaBuilder<SchemaTypes>({ defaultFieldNullability: false });
  builder.addScalarType('BigInt', bigIntScalar);
  builder.addScalarType('DateTime', dateTimeScalar);
  builder.addScalarType('Date', dateScalar);
  builder.addScalarType('Time', timeScalar);
  builder.addScalarType('Decimal', decimalScalar);
  builder.addScalarType('Bytes', bytesScalar);
  builder.addScalarType('JSON', jsonScalar);
  builder.addScalarType('Cursor', cursorScalar);
  builder.queryType({ description: 'Reads: the history of streams, what is declared, what runs.' });
  builder.mutationType({ description: 'Writes: events into streams.' });
  builder.subscriptionType({ description: 'Live: a subscription is a query that keeps going.' });
  return builder;
}

export type Builder = ReturnType<typeof createBuilder>;

/** What the functions that add types share. */
export interface BuildContext {
  readonly builder: Builder;
  readonly gateway: Gateway;
}
