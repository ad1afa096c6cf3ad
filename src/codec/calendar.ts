const canonical = '2026-11-21T10:00:00.000Z';
const separators = [4, 7, 10, 13, 16, 19, 23];
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

/**
 * Whether the text has the canonical shape and names a moment there is. By hand, as every record passes here: a regular
 * expression takes three times as long, and `Date.parse` would let 30 February pass as 2 March.
 */
function isCanonical(text: string): boolean {
  return (
    text.length === canonical.length &&
    hasSeparators(text) &&
    isDay(digits(text, 0, 4), digits(text, 5, 7), digits(text, 8, 10)) &&
    digits(text, 11, 13) < 24 &&
    digits(text, 14, 16) < 60 &&
    digits(text, 17, 19) < 60 &&
    digits(text, 20, 23) < 1000
  );
}

function hasSeparators(text: string): boolean {
  for (const at of separators) if (text.charCodeAt(at) !== canonical.charCodeAt(at)) return false;
  return true;
}

/** The number that the digits there stand for; NaN when one of them is none. */
function digits(text: string, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - 48;
    value = digit >= 0 && digit <= 9 ? value * 10 + digit : Number.NaN;
  }
  return value;
}

function isDay(year: number, month: number, day: number): boolean {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return year >= 0 && day >= 1 && day <= (month === 2 && leap ? 29 : (monthDays[month - 1] ?? 0));
}
