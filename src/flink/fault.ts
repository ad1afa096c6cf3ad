import type { SqlPosition } from '#sql';

/** One link in a Java exception chain. */
export interface Cause {
  /** The exception's class, e.g. `org.apache.flink.table.api.SqlParserException`. */
  readonly type: string;
  readonly message: string;
}

const causeStart = /^\s*(?:Caused by: )?((?:[\w$]+\.)+[A-Z][\w$]*(?:Exception|Error|Failure))(?:: ?(.*))?$/;
const stackLine = /^\s+(?:at |\.\.\. \d+ more)/;
const frame = /^\s*<Exception on server side:|^\s*End of exception on server side>|^Internal server error\.$/;

/** Reads the chain of causes out of Flink's stack traces, outermost first. */
export function parseCauses(texts: readonly string[]): readonly Cause[] {
  const causes: Cause[] = [];
  let open: { type: string; lines: string[] } | null = null;
  const finish = () => {
    if (open) causes.push({ type: open.type, message: open.lines.join('\n').trim() });
    open = null;
  };
  for (const line of texts.flatMap((text) => text.split('\n'))) {
    const start = causeStart.exec(line);
    if (start?.[1]) {
      finish();
      open = { type: start[1], lines: [start[2] ?? ''] };
    } else if (stackLine.test(line) || frame.test(line)) {
      finish();
    } else if (open) {
      open.lines.push(line);
    }
  }
  finish();
  return causes;
}

/** The place Flink's message names: `From line 3, column 7 to …` or `… at line 2, column 16`. */
function toPosition(message: string): SqlPosition | null {
  const found = /\b(?:from|at) line (\d+), column (\d+)/i.exec(message);
  // Calcite says "line 0, column 0" of what it has made up itself.
  return found && found[1] !== '0' ? { line: Number(found[1]), column: Number(found[2]) } : null;
}

/** The sentence for a person: without the parser's list of every word that it would have taken. */
function toSentence(message: string): string {
  return message
    .replace(/\n?Was expecting(?: one of)?:[\s\S]*$/, '')
    .replace(/^SQL parse failed\. /, '')
    .trim();
}

const wordless = /^java\.(?:lang|util\.concurrent)\./;
/** How a failure went through Flink, which says nothing about what it was. */
const machinery =
  /SqlGatewayException: |: (?:Failed to (?:execute the operation|fetch)|Error while retrieving|Job (?:execution )?failed|Recovery is suppressed)/;

/** Picks the cause to show: the innermost that says something, with what it happened to when it is a bare Java one. */
function toMessage(causes: readonly Cause[], fallback: string): string {
  const told = causes.filter((cause) => toSentence(cause.message) !== '');
  const last = told.at(-1);
  if (!last) return fallback;
  const before = told.at(-2);
  const sentence = toSentence(last.message);
  // "For input string: "abc"" alone helps nobody; the link before it names the option.
  const isOfUse = before && !machinery.test(`${before.type}: ${before.message}`) && !before.message.includes(sentence);
  return isOfUse && wordless.test(last.type) ? `${toSentence(before.message)} ${sentence}` : sentence;
}

/** What Flink answered when it refused: its causes, its last word and the place in the SQL. The `cause` of a SluiceError. */
export class FlinkFault extends Error {
  readonly status: number;
  readonly causes: readonly Cause[];
  readonly position: SqlPosition | null;
  readonly #texts: readonly string[];

  constructor(status: number, texts: readonly string[]) {
    const causes = parseCauses(texts);
    super(toMessage(causes, texts[0]?.split('\n')[0]?.trim() || `HTTP status ${status}`));
    this.name = 'FlinkFault';
    this.status = status;
    this.#texts = texts;
    this.causes = causes;
    this.position = causes.reduce<SqlPosition | null>((found, cause) => toPosition(cause.message) ?? found, null);
  }

  /** Whether some cause's class or message fits. */
  has(pattern: RegExp): boolean {
    return this.causes.some((cause) => pattern.test(`${cause.type}: ${cause.message}`));
  }

  /** The same with a sentence more, which Flink could not know. */
  explained(sentence: string): FlinkFault {
    const fault = new FlinkFault(this.status, this.#texts);
    fault.message = `${this.message}${/[.!?]$/.test(this.message) ? '' : '.'} ${sentence}`;
    return fault;
  }

  /** The message without the place in it, for those who tell the place in their own terms. */
  get plainMessage(): string {
    return this.message
      .replace(/^From line \d+, column \d+ to line \d+, column \d+: /, '')
      .replace(/ at line \d+, column \d+/g, '');
  }
}
