import type { Field, FieldType, Source } from '#model';
import { absentOf, compileProtoReader, rivalsOf, tagsOf, type WireTag, zeroOfWrapped } from './decode-protobuf.ts';
import { toDeclared } from './decode-protobuf-enum.ts';
import { Findings } from './findings.ts';
import { isWrapper, singleScalar } from './known-messages.ts';
import { naturalField, naturalType } from './natural-protobuf.ts';
import { chooseMessage } from './protobuf.ts';
import { type ProtoField, type ProtoMessage, type ProtoScalar, parseProtobuf } from './protobuf-type.ts';
import type { RegisteredSchema } from './types.ts';

/**
 * How records of a Protobuf stream are read into the declared columns, for a reader that knows neither the declaration
 * nor `.proto` files. It is plain data, to be sent as JSON, and says the same as the reader that this room compiles.
 */
export interface ProtobufPlan {
  /** The message for each path of indexes in a record, written `0` or `0.1`: its place in {@link messages}. */
  readonly paths: Readonly<Record<string, number>>;
  /** Referred to by their places, for messages may hold themselves. */
  readonly messages: readonly PlannedMessage[];
}

interface PlannedMessage {
  /** Of all declared fields; those that the schema lacks are null. */
  readonly columns: readonly string[];
  readonly fields: readonly PlannedField[];
}

interface PlannedField {
  /** Its place in the columns. */
  readonly at: number;
  readonly label: ProtoField['label'];
  readonly tags: readonly WireTag[];
  readonly value: PlannedValue;
  /** A record without it does not fit. */
  readonly required: boolean;
  readonly itemRequired: boolean;
  /** Absent means the zero value. */
  readonly hasZero: boolean;
  /** The places of the columns that it unsets: others of its oneof. */
  readonly rivals: readonly number[];
  /** Whatever it is, the column has its JSON text. */
  readonly isJson: boolean;
  /** Of a MAP. */
  readonly key: ProtoScalar;
}

/** What one value is, and what becomes of it. */
type PlannedValue =
  | { readonly kind: 'scalar'; readonly type: ProtoScalar; readonly as: string }
  /** A declared enum in a `string`. */
  | { readonly kind: 'names'; readonly names: readonly string[] }
  /** The texts of an enum's numbers; another number is its digits, or where `isClosed` does not fit, but for a zero. */
  | { readonly kind: 'enum'; readonly names: Readonly<Record<number, string>>; readonly isClosed: boolean }
  /** A message that stands for one value, such as `google.protobuf.Timestamp`. */
  | { readonly kind: 'known'; readonly type: string }
  | { readonly kind: 'wrapper'; readonly tag: number; readonly hasZero: boolean; readonly of: PlannedValue }
  /** A row, or within JSON an object. */
  | { readonly kind: 'message'; readonly message: number };

/** Messages beyond these are not read by the plan: a file may declare any number. */
const mostPaths = 100;
const longestPath = 8;

/** The plan for a subject's schema. Throws `Unmapped` where the declaration does not fit the message of new records. */
export function planProtobuf(schema: RegisteredSchema, source: Pick<Source, 'fields' | 'typeName'>): ProtobufPlan {
  const file = parseProtobuf(schema);
  const { index } = chooseMessage(file, source.typeName);
  const messages: PlannedMessage[] = [];
  const natural = new Map<ProtoMessage, number>();
  const paths: Record<string, number> = {};
  const planner: Planner = { messages, natural };
  const visit = (path: readonly number[]): boolean => {
    const message = file.at(path);
    if (message === undefined || Object.keys(paths).length >= mostPaths) return false;
    const findings = new Findings();
    compileProtoReader(message, source.fields, findings);
    if (path.length === 1 && path[0] === index) findings.settle();
    if (findings.faults.length === 0) paths[path.join('.')] = planRow(message, source.fields, planner);
    if (path.length < longestPath) for (let inner = 0; visit([...path, inner]); ) inner++;
    return true;
  };
  for (let top = 0; visit([top]); ) top++;
  return { paths, messages };
}

interface Planner {
  readonly messages: PlannedMessage[];
  /** The messages that stand in JSON, which is where they may be recursive. */
  readonly natural: Map<ProtoMessage, number>;
}

function planRow(message: ProtoMessage, fields: readonly Field[], planner: Planner): number {
  const planned: PlannedField[] = [];
  const columns = fields.map(({ column }) => column);
  // Entered before its fields are looked at: one of them may hold the same message.
  const place = planner.messages.push({ columns, fields: planned }) - 1;
  for (const [at, field] of fields.entries()) {
    const written = message.fields.find(({ name }) => name === field.column);
    if (written === undefined) continue;
    planned.push({ at, rivals: rivalsOf(written, message, fields), ...planField(written, field, planner) });
  }
  return place;
}

function planNatural(message: ProtoMessage, planner: Planner): number {
  const known = planner.natural.get(message);
  if (known !== undefined) return known;
  planner.natural.set(message, planner.messages.length);
  return planRow(message, message.fields.map(naturalField), planner);
}

function planField(written: ProtoField, field: Field, planner: Planner): Omit<PlannedField, 'at' | 'rivals'> {
  const { required, type } = field;
  const { label, key, hasPresence } = written;
  const isJson = type.kind === 'scalar' && type.name === 'JSON';
  const isPlural = label !== 'ONE';
  const item = type.kind === 'list' ? type.of : type;
  return {
    label,
    key,
    required,
    isJson,
    itemRequired: type.kind === 'list' && type.itemRequired,
    tags: tagsOf(written),
    value: isJson && isPlural ? planJsonItem(written, planner) : planValue(written, item, planner),
    hasZero: !isPlural && !hasPresence && absentOf(written, type) !== null,
  };
}

/** An item of a list or map that is JSON as a whole: a message is an object there, whatever it stands for. */
function planJsonItem(written: ProtoField, planner: Planner): PlannedValue {
  const { value } = written;
  if (value.kind !== 'message') return planValue(written, naturalType(written), planner);
  if (singleScalar(value.type.fullName) === 'JSON') return { kind: 'known', type: value.type.fullName };
  return { kind: 'message', message: planNatural(value.type, planner) };
}

function planValue(written: ProtoField, type: FieldType, planner: Planner): PlannedValue {
  const { value } = written;
  if (value.kind === 'message') return planMessage(value.type, type, planner);
  if (value.kind === 'scalar') {
    if (type.kind === 'enum') return { kind: 'names', names: type.type.values.map(({ name }) => name) };
    return { kind: 'scalar', type: value.type, as: type.kind === 'scalar' ? type.name : '' };
  }
  const isClosed = type.kind === 'enum';
  const names = isClosed ? toDeclared(value.type, type.type) : value.type.names;
  return { kind: 'enum', names: Object.fromEntries(names), isClosed };
}

function planMessage(message: ProtoMessage, type: FieldType, planner: Planner): PlannedValue {
  if (type.kind === 'object') return { kind: 'message', message: planRow(message, type.type.fields, planner) };
  const { fullName } = message;
  const [only] = message.fields;
  if (isWrapper(fullName) && only !== undefined) {
    const [tag] = tagsOf(only);
    const hasZero = zeroOfWrapped(only, type) !== null;
    return { kind: 'wrapper', tag: tag?.tag ?? 0, hasZero, of: planValue(only, type, planner) };
  }
  const single = singleScalar(fullName);
  if (single !== null && type.kind === 'scalar' && (single === type.name || single === 'JSON')) {
    return { kind: 'known', type: fullName };
  }
  return { kind: 'message', message: planNatural(message, planner) };
}
