import { didYouMean } from './names.ts';
import { scalarNames } from './types.ts';

const fixedTypes = new Set(
  `Query Mutation Subscription Job Jobs JobState JobChange JobVertex JobCheckpoint JobCheckpoints JobSavepoint JobException JobPageInfo
  JobOperation JobOperationKind JobOperationState JobFrom JobSetting JobStart JobRestart SteerJobPayload SubmitJobInput SubmitJobPayload SubmitOutcome
  ClusterEndpoint RowFinality Stream Streams StreamKind StreamColumn HeaderFilter View ViewState ViewStatus
  Cluster Cursor Operation Record RecordMetadata RecordHeader RecordHeaderInput BadRecord Gap GapReason PageInfo StreamPageInfo
  RecordFilter StartPosition EndPosition PartitionOffset ProduceOptions ProduceBatch ProduceBatchPayload ProducePayload ProducedRecord ProduceError ProduceOutcome Overflow
  MessageMetadata ChannelPageInfo PublishPayload PublishedMessage StreamHome
  SqlResult SqlRow SqlColumn SqlPage SqlChange SqlStart SqlTruncation Explanation PlanNode PlanInput SortOrder Duration Format KeyFormat Cleanup SourceKind OnBadRecord StartFrom Guarantee RunMode
  ViewPlan PlannedView ViewAction StateOutcome ReplacedJob`.split(/\s+/),
);
/** What the API appends to a declared name; lists within lists have a filter each. */
const generatedSuffix = /(?:Connection|Edge|Input|OrderBy|(?:Filter|Comparison)(?:List)*)$/;
const generatedOfOne = ['Connection', 'Edge', 'Input', 'OrderBy', 'Filter', 'Comparison'];
const rootFields = new Set([
  'job',
  'jobs',
  'jobOperation',
  'stream',
  'streams',
  'view',
  'views',
  'cluster',
  'explain',
  'sql',
]);
const filterFields = new Set(['and', 'or', 'not', 'record']);
const nestedFilterFields = new Set([...filterFields, 'isNull']);

/** GraphQL scalars that others use and that have no Flink type here, with what to write instead. */
const foreignScalars: ReadonlyMap<string, string> = new Map(
  Object.entries({
    Byte: 'Bytes',
    Currency: 'String',
    Double: 'Float',
    Duration: 'String',
    EmailAddress: 'String',
    Integer: 'Int',
    JSONObject: 'JSON',
    LocalDate: 'Date',
    LocalDateTime: 'DateTime',
    LocalTime: 'Time',
    Long: 'BigInt',
    Map: 'JSON',
    Number: 'Float',
    Object: 'JSON',
    Text: 'String',
    Timestamp: 'DateTime',
    UUID: 'ID',
    URL: 'String',
    Void: 'an optional field',
  }),
);

/** Why a type or enum may not have this name, or null when it may. */
export function refuseTypeName(name: string): string | null {
  if (name.startsWith('__')) return `"${name}" begins with "__", which GraphQL keeps for itself. Choose another name.`;
  if (fixedTypes.has(name) || scalarNames.some((scalar) => scalar === name)) {
    return `The name "${name}" is reserved: the API has a type of that name. Choose another, such as "My${name}".`;
  }
  const made = generatedOfOne.find((suffix) => fixedTypes.has(`${name}${suffix}`));
  if (made !== undefined) {
    return `The name "${name}" is reserved: the API has a type "${name}${made}". Choose another, such as "My${name}".`;
  }
  const suffix = generatedSuffix.exec(name)?.[0];
  if (suffix === undefined) return null;
  return `Names that end in "${suffix}" are reserved: the API makes such types of the declared ones. Choose another.`;
}

/** Why a field may not have this name, or null. The filter of a nested type also says whether it is there at all. */
export function refuseFieldName(name: string, nested: boolean): string | null {
  if (name.startsWith('__')) return `"${name}" begins with "__", which GraphQL keeps for itself. Choose another name.`;
  if (!(nested ? nestedFilterFields : filterFields).has(name)) return null;
  return `The field name "${name}" is reserved: "where" has an operator of that name. Rename the field and keep the column with @column(name: "${name}").`;
}

/** Why a root field may not have this name, or null. */
export function refuseRootField(name: string): string | null {
  if (!/^[A-Za-z][_0-9A-Za-z]*$/.test(name)) {
    return `"${name}" cannot be a root field. Write letters, digits and "_", beginning with a letter, such as "userClicks".`;
  }
  if (!rootFields.has(name)) return null;
  return `The root field "${name}" is reserved for the API itself. Choose another with plural: "…".`;
}

/** Why a column of a stream or view may not have this name, or null. The columns of a nested type live inside their ROW. */
export function refuseColumn(name: string, nested: boolean): string | null {
  if (!nested && ['proctime', 'record_time', 'record_partition', 'record_offset', 'record_headers'].includes(name)) {
    return `The column "${name}" is reserved: every stream has one of that name in SQL. Choose another with @column(name: "…").`;
  }
  // Flink separates the columns of 'key.fields' by semicolons.
  if (name.length > 0 && name.length <= 255 && !/[\p{Cc};]/u.test(name)) return null;
  return `"${name}" cannot be a column. Write 1 to 255 printable characters without ";".`;
}

/** Why Kafka would not take this topic name, or null. */
export function refuseTopic(topic: string): string | null {
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(topic) && topic !== '.' && topic !== '..') return null;
  return `"${topic}" cannot be a Kafka topic. Write 1 to 249 letters, digits, ".", "_" and "-".`;
}

/** What is said of a field type that is not declared. */
export function refuseFieldType(name: string, declared: Iterable<string>): string {
  const instead = foreignScalars.get(name);
  if (instead !== undefined) return `The type "${name}" has no Flink type. Write ${instead}.`;
  const hint = didYouMean(name, [...scalarNames, ...declared]);
  return `Unknown type "${name}".${hint} Scalars are ${scalarNames.join(', ')}; or declare an enum or a nested type.`;
}
