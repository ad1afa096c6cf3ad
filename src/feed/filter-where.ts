/** A `where` argument as GraphQL coerced it. */
export type Where = Readonly<Record<string, unknown>>;

/** True for an object of conditions. */
export function isWhere(value: unknown): value is Where {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The conditions of one object: what is null or left out is no condition. */
export function conditionsOf(where: Where): readonly (readonly [string, unknown])[] {
  return Object.entries(where).filter(([, condition]) => condition !== null && condition !== undefined);
}

/** The operators of one comparison. `eq: null` and `ne: null` ask for absence and presence; other nulls say nothing. */
export function operatorsOf(where: Where): readonly (readonly [string, unknown])[] {
  return Object.entries(where).filter(
    ([operator, operand]) => operand !== undefined && (operand !== null || operator === 'eq' || operator === 'ne'),
  );
}

/** The members of `and` or `or`; one may stand without brackets. */
export function partsOf(condition: unknown): readonly Where[] {
  return Array.isArray(condition) ? condition.filter(isWhere) : isWhere(condition) ? [condition] : [];
}
