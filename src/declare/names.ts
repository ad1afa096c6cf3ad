import { refuseFieldName, refuseRootField, refuseTypeName, toCamelCase, toPlural, toSnakeCase } from '#model';

/** The words of a name: `user_clicks`, `userClicks` and `USER-CLICKS` are two each; letters beyond ASCII lose their marks. */
function wordsOf(name: string): readonly string[] {
  const plain = name
    .replaceAll('ß', 'ss')
    .normalize('NFD')
    .replace(/[\u0300-\u036f]/g, '');
  const words = plain.split(/[^A-Za-z0-9]+/).filter((word) => word !== '');
  // A name in capitals throughout has no words within its parts.
  return words.map((word) => (word === word.toUpperCase() ? word.toLowerCase() : word));
}

function capitalise(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}

/** A field's name in camelCase that nothing else in its type has. */
export function toFieldName(column: string, nested: boolean, taken: ReadonlySet<string>): string {
  const [first = 'field', ...others] = wordsOf(column);
  const name = toCamelCase(first) + others.map(capitalise).join('');
  const valid = /^\d/.test(name) ? `field${name}` : name;
  const allowed = refuseFieldName(valid, nested) === null ? valid : `${valid}Value`;
  return firstFree(allowed, (candidate) => !taken.has(candidate));
}

/** Whether the field of this name has this column without saying so. */
export function isDefaultColumn(field: string, column: string): boolean {
  return toSnakeCase(field) === column;
}

/** A name in PascalCase, as it is, for a nested type or an enum. */
export function toPascalCase(name: string): string {
  const pascal = wordsOf(name).map(capitalise).join('');
  return /^[A-Za-z]/.test(pascal) ? pascal : `Topic${pascal}`;
}

const uncountable = new Set(['news', 'series', 'species', 'status', 'address', 'metadata', 'gps', 'sms', 'aws', 'dns']);

/** The singular of a regular plural, the word itself of everything else. */
export function toSingular(noun: string): string {
  const lastWord = /(?:^|_)([a-z]+)$/.exec(toSnakeCase(noun))?.[1] ?? '';
  if (uncountable.has(lastWord) || /(?:ss|us|is)$/.test(noun) || lastWord.length < 4) return noun;
  const candidates = [noun.replace(/ies$/, 'y'), noun.replace(/s$/, ''), noun.replace(/es$/, '')];
  return candidates.find((candidate) => candidate !== noun && toPlural(candidate) === noun) ?? noun;
}

/** The type names and root fields that the schema has. New ones are added as they are given out. */
export class NamesTaken {
  readonly #types: Set<string>;
  readonly #plurals: Set<string>;

  constructor(types: Iterable<string>, plurals: Iterable<string>) {
    this.#types = new Set(types);
    this.#plurals = new Set([...plurals].map(toCamelCase));
  }

  /** A copy, to try something out. */
  copy(): NamesTaken {
    return new NamesTaken(this.#types, this.#plurals);
  }

  /** The type and the root field of a topic: `user_clicks` → `UserClick`, `userClicks`. */
  nameTopic(topic: string): { readonly typeName: string; readonly plural: string } {
    const pascal = toPascalCase(topic);
    const typeName = this.nameType(toSingular(pascal));
    const wanted = toCamelCase(pascal);
    const isFree = (name: string) => refuseRootField(name) === null && !this.#plurals.has(toCamelCase(name));
    const plural = isFree(wanted) ? wanted : firstFree(toPlural(toCamelCase(typeName)), isFree);
    this.#plurals.add(plural);
    return { typeName, plural };
  }

  /** A name for a type or an enum, as near to the wanted one as can be. */
  nameType(wanted: string): string {
    const allowed = refuseTypeName(wanted) === null ? wanted : `${wanted}Record`;
    const name = firstFree(allowed, (candidate) => !this.#types.has(candidate) && refuseTypeName(candidate) === null);
    this.#types.add(name);
    return name;
  }
}

/** Whether the plural is what the model derives from the type's name. */
export function isDefaultPlural(typeName: string, plural: string): boolean {
  return toPlural(toCamelCase(typeName)) === plural;
}

function firstFree(name: string, isFree: (candidate: string) => boolean): string {
  for (let number = 1; ; number += 1) {
    const candidate = number === 1 ? name : `${name}${number}`;
    if (isFree(candidate)) return candidate;
  }
}
