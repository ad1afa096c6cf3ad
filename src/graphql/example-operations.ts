import {
  type Field,
  isTable,
  type Model,
  redisPlaceOf,
  type Source,
  type Stream,
  toProduceField,
  type View,
} from '#model';

const sampleOf: Readonly<Record<string, string>> = {
  ID: '"alice"',
  String: '"/home"',
  Int: '7',
  BigInt: '7',
  Float: '21.5',
  Boolean: 'true',
  DateTime: '"2026-01-31T12:00:00Z"',
  Date: '"2026-01-31"',
  Time: '"12:00:00"',
  Decimal: '"12.50"',
  Bytes: '"aGVsbG8="',
  JSON: '{}',
};

/** Operations on the declared types for a person to start from, one a tab of GraphiQL. They are valid on the model's schema. */
export function exampleOperations(model: Model): readonly string[] {
  const views = model.sources.filter((source): source is View => source.kind === 'view');
  const streams = model.sources.filter((source): source is Stream => source.kind === 'stream' && !redisPlaceOf(source));
  const view = views.find((candidate) => !isTable(candidate)) ?? views[0];
  const stream = streams.find((candidate) => view?.reads.includes(candidate.topic)) ?? streams[0];
  return [
    ...(view ? [watchView(view)] : []),
    ...(stream ? [watchStream(stream), produceTo(stream), readHistory(stream)] : []),
    ...views.filter((candidate) => /alert/i.test(candidate.typeName)).map(watchView),
    listEverything(views.length > 0),
  ];
}

function watchView(view: View): string {
  return `# ${firstLine(view)}
# Press ▶ and watch the rows that Flink computes.
# endCursor, passed as "after", goes on from there.
subscription Watch${view.typeName} {
  ${view.plural} {
    nodes ${selection(view.fields)}
    pageInfo { live lag endCursor }
  }
}
`;
}

function watchStream(stream: Stream): string {
  const key = stream.key.find(({ type }) => type.kind === 'scalar' && (type.name === 'ID' || type.name === 'String'));
  const filter = key ? `where: { ${key.name}: { eq: ${sample(key)} } }` : 'from: { last: 10 }';
  return `# ${firstLine(stream)}
# ${key ? `Only of ${sample(key)}: the next tab produces one.` : 'The last 10 records, then what comes.'}
subscription Watch${stream.typeName} {
  ${stream.plural}(${filter}) {
    edges {
      node ${selection(stream.fields)}
      record { partition offset key }
      error { reason }
    }
    pageInfo { live endCursor }
  }
}
`;
}

function produceTo(stream: Stream): string {
  const event = stream.fields
    .filter((field) => field.required && field !== stream.eventTime.field)
    .map((field) => `${field.name}: ${sample(field)}`)
    .join(' ');
  return `# Writes one event. "before" is a place just before
# it: subscribe "after" it to see your own event.
mutation Produce${stream.typeName} {
  ${toProduceField(stream.plural)}(events: [{ ${event} }]) {
    records { outcome topic partition offset }
    before
  }
}
`;
}

function readHistory(stream: Stream): string {
  return `# Reads history, oldest first. Pass endCursor as
# "after" for the next page, or to go on live with
# a subscription.
query Read${stream.typeName} {
  ${stream.plural}(first: 5, from: { last: 100 }) {
    nodes ${selection(stream.fields)}
    pageInfo { hasNextPage endCursor }
  }
}
`;
}

function listEverything(withJobs: boolean): string {
  return `# What is declared${withJobs ? ', and what runs in Flink' : ''}.
query Everything {
  streams { name kind topic state error }${withJobs ? '\n  jobs { nodes { name state startedAt view waitsFor } }' : ''}
}
`;
}

function selection(fields: readonly Field[]): string {
  const names = fields.map((field) => {
    let { type } = field;
    while (type.kind === 'list') type = type.of;
    return type.kind === 'object' ? `${field.name} ${selection(type.type.fields)}` : field.name;
  });
  return `{ ${names.join(' ')} }`;
}

function sample({ type }: Pick<Field, 'type'>): string {
  switch (type.kind) {
    case 'scalar':
      return sampleOf[type.name] ?? 'null';
    case 'enum':
      return type.type.values[0]?.name ?? 'null';
    case 'list':
      return `[${sample({ type: type.of })}]`;
    case 'object': {
      const required = type.type.fields.filter((field) => field.required);
      return `{ ${required.map((field) => `${field.name}: ${sample(field)}`).join(' ')} }`;
    }
  }
}

function firstLine(source: Source): string {
  return (source.description ?? source.typeName).split('\n', 1)[0] ?? source.typeName;
}
