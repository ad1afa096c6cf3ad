import { type ConstDirectiveNode, type ConstValueNode, Kind } from 'graphql';
import { type ArgumentType, argumentEnums, directiveSpecs } from './directives.ts';
import { durationHint, toMilliseconds } from './duration.ts';
import { didYouMean, listOf } from './names.ts';
import { placeOf, type Report } from './place.ts';
import type { Place } from './types.ts';

interface Argument {
  readonly place: Place;
  readonly node: ConstValueNode;
  readonly value: string | number | readonly string[];
}

/** One directive as it stands on a type or field: its arguments that are known and of the right type. */
export interface DirectiveUse {
  readonly place: Place;
  readonly arguments: ReadonlyMap<string, Argument>;
  /** The names of all arguments given, also of those that were refused. */
  readonly given: ReadonlySet<string>;
}

/** The directives on one type or field, by name. */
export type DirectiveUses = ReadonlyMap<string, DirectiveUse>;

interface Bearer {
  readonly on: 'OBJECT' | 'FIELD_DEFINITION' | 'OTHER';
  /** Names the bearer in faults, e.g. `type "UserClick"`. */
  readonly label: string;
  readonly directives: readonly ConstDirectiveNode[] | undefined;
}

/** Reads and checks the directives on one bearer against the table of directives. */
export function readDirectives(bearer: Bearer, report: Report): DirectiveUses {
  const uses = new Map<string, DirectiveUse>();
  for (const node of bearer.directives ?? []) {
    const name = node.name.value;
    const spec = directiveSpecs.get(name);
    if (spec === undefined) {
      const known = [...directiveSpecs.keys()];
      const allowed = `Known are ${listOf(
        known.map((one) => `@${one}`),
        'and',
      )}.`;
      report(placeOf(node), `Unknown directive "@${name}".${didYouMean(name, known)} ${allowed}`);
    } else if (spec.on !== bearer.on) {
      const right = spec.on === 'OBJECT' ? 'a type' : 'a field of a type';
      report(placeOf(node), `@${name} cannot stand on ${bearer.label}. It belongs on ${right}.`);
    } else if (uses.has(name)) {
      report(placeOf(node), `@${name} stands twice on ${bearer.label}. Keep one.`);
    } else {
      const given = new Set(node.arguments?.map((argument) => argument.name.value));
      uses.set(name, { place: placeOf(node), arguments: readArguments(node, spec.arguments, report), given });
    }
  }
  return uses;
}

type ArgumentSpecs = Readonly<Record<string, { readonly type: ArgumentType }>>;

function readArguments(node: ConstDirectiveNode, specs: ArgumentSpecs, report: Report): ReadonlyMap<string, Argument> {
  const read = new Map<string, Argument>();
  const seen = new Set<string>();
  for (const argument of node.arguments ?? []) {
    const name = argument.name.value;
    const type = Object.hasOwn(specs, name) ? specs[name]?.type : undefined;
    const known = Object.keys(specs);
    if (type === undefined) {
      const hint = `${didYouMean(name, known)} Allowed are ${listOf(known, 'and')}.`;
      report(placeOf(argument), `@${node.name.value} has no argument "${name}".${hint}`);
    } else if (seen.has(name)) {
      report(placeOf(argument), `Argument "${name}" of @${node.name.value} is given twice. Keep one.`);
    } else {
      const value = readValue(argument.value, type);
      const place = placeOf(argument.value);
      if (value === null) {
        report(place, `Argument "${name}" of @${node.name.value} has a wrong value. ${expectation(type)}`);
      } else read.set(name, { place, node: argument.value, value });
    }
    seen.add(name);
  }
  return read;
}

function readValue(node: ConstValueNode, type: ArgumentType): Argument['value'] | null {
  switch (type) {
    case 'String':
      return node.kind === Kind.STRING ? node.value : null;
    case 'Duration':
      return node.kind === Kind.STRING ? toMilliseconds(node.value) : null;
    case 'Int': {
      const number = node.kind === Kind.INT ? Number(node.value) : Number.NaN;
      return number >= 1 && number <= 2_147_483_647 ? number : null;
    }
    case '[String!]': {
      // As everywhere in GraphQL, one value stands for a list of one.
      const items = node.kind === Kind.LIST ? node.values : [node];
      const texts = items.flatMap((item) => (item.kind === Kind.STRING ? [item.value] : []));
      return texts.length === items.length && texts.length > 0 ? texts : null;
    }
    default:
      return node.kind === Kind.ENUM && Object.hasOwn(argumentEnums[type], node.value) ? node.value : null;
  }
}

function expectation(type: ArgumentType): string {
  switch (type) {
    case 'String':
      return 'Write a string, such as "user_clicks".';
    case 'Duration':
      return durationHint;
    case 'Int':
      return 'Write a whole number of 1 or more.';
    case '[String!]':
      return 'Write a list of field names, such as ["userId"].';
    default:
      return `Write ${Object.keys(argumentEnums[type]).join(' or ')}, without quotes.`;
  }
}

/** A String argument, if given. */
export function textOf(use: DirectiveUse, name: string): string | undefined {
  const value = use.arguments.get(name)?.value;
  return typeof value === 'string' ? value : undefined;
}

/** An Int argument, or a Duration in milliseconds, if given. */
export function numberOf(use: DirectiveUse, name: string): number | undefined {
  const value = use.arguments.get(name)?.value;
  return typeof value === 'number' ? value : undefined;
}

/** A list argument, if given. */
export function textsOf(use: DirectiveUse, name: string): readonly string[] | undefined {
  const value = use.arguments.get(name)?.value;
  return typeof value === 'object' ? value : undefined;
}

/** An enum argument, or the default. */
export function choiceOf<T extends string>(
  use: DirectiveUse,
  name: string,
  choices: Readonly<Record<T, unknown>>,
  fallback: T,
): T {
  const value = textOf(use, name);
  return value !== undefined && isKeyOf(value, choices) ? value : fallback;
}

function isKeyOf<T extends string>(value: string, choices: Readonly<Record<T, unknown>>): value is T {
  return Object.hasOwn(choices, value);
}

/** Where an argument's value stands; the directive's own place when it is not given. */
export function argumentPlace(use: DirectiveUse, name: string): Place {
  return use.arguments.get(name)?.place ?? use.place;
}
