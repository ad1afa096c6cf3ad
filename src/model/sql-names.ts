/** An identifier between backticks. */
export function quoteName(name: string): string {
  return `\`${name.replaceAll('`', '``')}\``;
}

/** A text literal. */
export function quoteText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** The entries of a WITH clause, one a line. */
export function printOptions(options: Readonly<Record<string, string>>): string {
  return Object.entries(options)
    .map(([name, value]) => `  ${quoteText(name)} = ${quoteText(value)}`)
    .join(',\n');
}
