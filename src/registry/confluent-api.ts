import { z } from 'zod';
import type { NumberedSchema, RegisteredSchema } from '#codec';
import { SluiceError } from '#errors';
import type { RegistryClient } from './registry-client.ts';

/** The part of Confluent's Schema Registry API that the gateway uses. Rejects as {@link RegistryClient.request} does. */
export interface ConfluentApi {
  /** With everything that the schema refers to. `NOT_FOUND`: there is no such id. */
  schemaById(id: number, timeoutMs?: number): Promise<RegisteredSchema>;
  /** `NOT_FOUND`: there is no such subject. */
  latest(subject: string): Promise<NumberedSchema>;
  /** Whether the subject's rules let the schema follow its latest version; what is against it, in the registry's words. */
  objections(subject: string, schema: RegisteredSchema): Promise<readonly string[]>;
  /** Gives the schema's id, which a registered one has already. */
  register(subject: string, schema: RegisteredSchema): Promise<number>;
}

/** How many schemas one may refer to, in all: more than any real one, fewer than would hurt. */
const maxReferences = 200;

const reference = z.object({ name: z.string(), subject: z.string(), version: z.int() });
const schemaAnswer = z.object({
  // Avro's is left out.
  schemaType: z.string().nullish(),
  schema: z.string(),
  references: z.array(reference).nullish(),
});
const versionAnswer = schemaAnswer.extend({ id: z.int() });
const idAnswer = z.object({ id: z.int() });
const compatibilityAnswer = z.object({ is_compatible: z.boolean(), messages: z.array(z.string()).nullish() });

type SchemaAnswer = z.infer<typeof schemaAnswer>;

/** Speaks the API through the client. */
export function createConfluentApi(client: RegistryClient): ConfluentApi {
  const ask = <T>(path: string, answer: z.ZodType<T>, timeoutMs?: number) =>
    client.request(path, answer, timeoutMs === undefined ? {} : { timeoutMs });

  /** The schemas that one refers to, each after those that it refers to itself. */
  const resolve = async (answer: SchemaAnswer, timeoutMs?: number): Promise<RegisteredSchema> => {
    const found = new Map<string, string>();
    const asked = new Set<string>();
    const visit = async ({ references }: SchemaAnswer): Promise<void> => {
      for (const { name, subject, version } of references ?? []) {
        if (asked.has(name)) continue;
        asked.add(name);
        if (asked.size > maxReferences) {
          throw new SluiceError('REGISTRY_REFUSED', `A schema refers to more than ${maxReferences} others.`);
        }
        const path = `/subjects/${encodeURIComponent(subject)}/versions/${version}`;
        const referred = await ask(path, schemaAnswer, timeoutMs);
        await visit(referred);
        found.set(name, referred.schema);
      }
    };
    await visit(answer);
    const references = [...found].map(([name, text]) => ({ name, text }));
    return { type: typeOf(answer), text: answer.schema, references };
  };

  return {
    schemaById: async (id, timeoutMs) => resolve(await ask(`/schemas/ids/${id}`, schemaAnswer, timeoutMs), timeoutMs),
    async latest(subject) {
      const answer = await ask(`/subjects/${encodeURIComponent(subject)}/versions/latest`, versionAnswer);
      return { id: answer.id, schema: await resolve(answer) };
    },
    async objections(subject, schema) {
      const path = `/compatibility/subjects/${encodeURIComponent(subject)}/versions/latest?verbose=true`;
      const { is_compatible, messages } = await client.request(path, compatibilityAnswer, { body: bodyOf(schema) });
      if (is_compatible) return [];
      return messages?.length ? messages : ['the registry says that it is not compatible'];
    },
    async register(subject, schema) {
      const path = `/subjects/${encodeURIComponent(subject)}/versions`;
      return (await client.request(path, idAnswer, { body: bodyOf(schema) })).id;
    },
  };
}

function bodyOf({ type, text }: RegisteredSchema) {
  return type === 'AVRO' ? { schema: text } : { schema: text, schemaType: type };
}

function typeOf({ schemaType }: SchemaAnswer): RegisteredSchema['type'] {
  const type = schemaType ?? 'AVRO';
  if (type === 'AVRO' || type === 'PROTOBUF' || type === 'JSON') return type;
  throw new SluiceError('REGISTRY_REFUSED', `A schema is of the type ${type}, which is none of AVRO, PROTOBUF, JSON.`);
}
