const canonical = '2026-11-21T10:00:00.000Z';
/**
 * The canonical form of a moment on a day that there is in every month; later days must be counted. Every record passes
 * here: a test without groups costs half of looking at the characters one by one.
 */
export const commonDateTime =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const lateDateTime = /^(\d{4})-(\d\d)-(29|30|31)T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{3}Z$/;
const isoDateTime = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(?:Z|([+-])(\d\d):?(\d\d))$/;
const isoDate = /^(\d{4})-(\d\d)-(\d\d)$/;
const isoTime = /^(\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?Z?$/;
const msPerMinute = 60_000;
const monthDays = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * An ISO-8601 moment with `Z` or an offset in its canonical form, `YYYY-MM-DDTHH:mm:ss.sssZ`. Null when it is none.
 * Finer than milliseconds is cut off, as Flink does for TIMESTAMP_LTZ(3).
 */
export function toCanonicalDateTime(text: string): string | null {
  if (isCanonical(text)) return text;
  const match = isoDateTime.exec(text);
  if (!match) return null;
  const [, year = '', month = '', day = '', hour = '', minute = '', second = '00', fraction = '', sign] = match;
  const local = `${year}-${month}-${day}T${hour}:${minute}:${second}.${fraction.slice(0, 3).padEnd(3, '0')}Z`;
  if (!isCanonical(local)) return null;
  if (sign === undefined) return local;
  const [offsetHours, offsetMinutes] = [Number(match[9]), Number(match[10])];
  if (offsetHours > 18 || offsetMinutes > 59) return null;
  const offsetMs = (offsetHours * 60 + offsetMinutes) * msPerMinute;
  const utc = new Date(Date.parse(local) - (sign === '-' ? -offsetMs : offsetMs)).toISOString();
  return utc.length === canonical.length ? utc : null;
}

/** A calendar day `YYYY-MM-DD`, or null when there is no such day. */
export function toCanonicalDate(text: string): string | null {
  const match = isoDate.exec(text);
  return match && isDay(Number(match[1]), Number(match[2]), Number(match[3])) ? text : null;
}

/** A time of day as Flink reads and writes it: `HH:mm:ss`, with up to three decimals when there are any. Null when it is none. */
export function toCanonicalTime(text: string): string | null {
  const match = isoTime.exec(text);
  if (!match) return null;
  const [, hour = '', minute = '', second = '00', fraction = ''] = match;
  if (hour > '23' || minute > '59' || second > '59') return null;
  const decimals = fraction.slice(0, 3).replace(/0+$/, '');
  return `${hour}:${minute}:${second}${decimals === '' ? '' : `.${decimals}`}`;
}

/** Whether the text has the canonical shape and names a moment there is; `Date.parse` would let 30 February pass as 2 March. */
function isCanonical(text: string): boolean {
  if (commonDateTime.test(text)) return true;
  const late = lateDateTime.exec(text);
  return late !== null && isDay(Number(late[1]), Number(late[2]), Number(late[3]));
}

function isDay(year: number, month: number, day: number): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return day >= 1 && day <= (month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0));
}

const msPerDay = 86_400_000;
let knownMinute = Number.NaN;
let knownPrefix = '';

/**
 * The canonical form of a moment in milliseconds since 1970; null outside the years 0 to 9999. Records that follow each
 * other are mostly of one minute, so its text is remembered: a tenth of the time of `toISOString`.
 */
export function fromEpochMs(ms: number): string | null {
  const minute = Math.floor(ms / msPerMinute);
  if (minute !== knownMinute) {
    const day = Math.floor(ms / msPerDay);
    const date = fromEpochDay(day);
    if (date === null) return null;
    knownMinute = minute;
    knownPrefix = `${date}T${toClock(ms - day * msPerDay).slice(0, 6)}`;
  }
  const rest = ms - minute * msPerMinute;
  const second = Math.floor(rest / 1000);
  return `${knownPrefix}${pairs[second]}${tails[rest - second * 1000]}`;
}

let parsedDate = '';
let parsedDateMs = 0;

/** Milliseconds since 1970 of a moment in its canonical form. As above, the day is remembered. */
export function toEpochMs(text: string): number {
  const date = text.slice(0, 10);
  if (date !== parsedDate) {
    parsedDateMs = Date.parse(`${date}T00:00:00Z`);
    parsedDate = date;
  }
  const minutes = twoDigits(text, 11) * 60 + twoDigits(text, 14);
  const ms = twoDigits(text, 20) * 10 + text.charCodeAt(22) - zero;
  return parsedDateMs + minutes * msPerMinute + twoDigits(text, 17) * 1000 + ms;
}

const zero = '0'.charCodeAt(0);

function twoDigits(text: string, at: number): number {
  return text.charCodeAt(at) * 10 + text.charCodeAt(at + 1) - zero * 11;
}

let knownDay = Number.NaN;
let knownDate = '';

/** The day that is so many after 1970-01-01; null outside the years 0 to 9999. As above, it is remembered. */
export function fromEpochDay(day: number): string | null {
  if (day === knownDay) return knownDate;
  const date = new Date(day * msPerDay);
  if (Number.isNaN(date.getTime())) return null;
  const text = date.toISOString();
  if (text.length !== canonical.length) return null;
  knownDay = day;
  knownDate = text.slice(0, 10);
  return knownDate;
}

/** The time of day so many milliseconds after midnight, in its canonical form; null when there is none. */
export function fromDayMs(ms: number): string | null {
  if (!(ms >= 0 && ms < msPerDay)) return null;
  const rest = ms % 1000;
  return rest === 0
    ? toClock(ms)
    : `${toClock(ms)}.${String(1000 + rest)
        .slice(1)
        .replace(/0+$/, '')}`;
}

/** Milliseconds since midnight of a canonical time of day. */
export function toDayMs(time: string): number {
  return Date.parse(`1970-01-01T${time}Z`);
}

const pairs = Array.from({ length: 60 }, (_, value) => String(100 + value).slice(1));
const tails = Array.from({ length: 1000 }, (_, value) => `.${String(1000 + value).slice(1)}Z`);

function toClock(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  return `${pairs[Math.floor(seconds / 3600)]}:${pairs[Math.floor(seconds / 60) % 60]}:${pairs[seconds % 60]}`;
}
