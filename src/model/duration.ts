const iso = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d{1,3})?)S)?)?$/;
const unitsMs = [604_800_000, 86_400_000, 3_600_000, 60_000, 1000];

/** Said wherever a duration is refused. */
export const durationHint =
  'Write an ISO 8601 duration of weeks, days, hours, minutes and seconds, such as "P7D", "PT30M" or "PT0.5S".';

/**
 * Milliseconds of an ISO 8601 duration, or null when it is none. Years and months have no fixed length and are refused.
 */
export function toMilliseconds(duration: string): number | null {
  const parts = iso.exec(duration);
  if (parts === null || duration.endsWith('P') || duration.endsWith('T')) return null;
  const total = unitsMs.reduce((sum, unitMs, index) => sum + Number(parts[index + 1] ?? 0) * unitMs, 0);
  return Number.isSafeInteger(Math.round(total)) ? Math.round(total) : null;
}
