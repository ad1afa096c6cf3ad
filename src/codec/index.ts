/** Bytes ↔ values, per declared format. */
export { createCodec } from './create-codec.ts';
export type { Codec, Decoded, DecodeFault, Node } from './types.ts';
