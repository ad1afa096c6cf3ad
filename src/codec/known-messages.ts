import type { ScalarName } from '#model';

/** Messages that stand for one value: the declared scalar is read from, and written to, their fields. */
const singles: Readonly<Record<string, ScalarName>> = {
  'google.protobuf.Timestamp': 'DateTime',
  'google.protobuf.Struct': 'JSON',
  'google.protobuf.Value': 'JSON',
  'google.protobuf.ListValue': 'JSON',
  'google.type.Date': 'Date',
  'google.type.TimeOfDay': 'Time',
  'google.type.Decimal': 'Decimal',
  'confluent.type.Decimal': 'Decimal',
};

/** The scalar that a well-known message stands for; null for all others, wrappers among them. */
export function singleScalar(fullName: string): ScalarName | null {
  return Object.hasOwn(singles, fullName) ? (singles[fullName] ?? null) : null;
}

/** A message with one field `value` that says whether there is a value at all. */
export function isWrapper(fullName: string): boolean {
  return /^google\.protobuf\.(Double|Float|U?Int(32|64)|Bool|String|Bytes)Value$/.test(fullName);
}
