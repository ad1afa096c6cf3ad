import type { ByteWriter } from './byte-writer.ts';
import type { WriteAvro } from './encode-avro-scalar.ts';
import { Misfit } from './misfit.ts';

/** Writes with the first branch that takes the value. */
export function writeFitting(
  writer: ByteWriter,
  value: unknown,
  writers: readonly { readonly index: number; readonly write: WriteAvro }[],
): void {
  const start = writer.at;
  let misfit = new Misfit('fits none of the types of the schema');
  for (const { index, write } of writers) {
    try {
      writer.writeVarint(index * 2);
      write(writer, value);
      return;
    } catch (thrown) {
      if (!(thrown instanceof Misfit)) throw thrown;
      writer.at = start;
      misfit = thrown;
    }
  }
  throw misfit;
}
