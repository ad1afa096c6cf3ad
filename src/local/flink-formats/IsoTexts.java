package sluice.flink;

import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Days and times in ISO-8601, cut to milliseconds. */
final class IsoTexts {
    private static final String DAY = "([0-9]{4})-([0-9]{2})-([0-9]{2})";
    private static final String CLOCK = "([0-9]{2}):([0-9]{2})(?::([0-9]{2})(?:\\.([0-9]{1,9}))?)?";
    private static final Pattern MOMENT = Pattern.compile(DAY + "T" + CLOCK + "(?:Z|([+-])([0-9]{2}):?([0-9]{2}))");
    private static final Pattern DATE = Pattern.compile(DAY);
    private static final Pattern TIME = Pattern.compile(CLOCK + "Z?");
    private static final DateTimeFormatter PRINTED =
            DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

    private IsoTexts() {}

    static Instant toInstant(String text) {
        Matcher match = match(MOMENT, text);
        try {
            LocalDateTime local = LocalDateTime.of(date(match), time(match, 4));
            if (match.group(8) == null) {
                return bounded(local.toInstant(ZoneOffset.UTC));
            }
            int hours = Integer.parseInt(match.group(9));
            int minutes = Integer.parseInt(match.group(10));
            if (hours > 18 || minutes > 59) {
                throw new BadRecord("A text has an offset that there is not.");
            }
            int offset = (match.group(8).equals("-") ? -1 : 1) * (hours * 60 + minutes);
            return bounded(local.minusMinutes(offset).toInstant(ZoneOffset.UTC));
        } catch (DateTimeException none) {
            throw new BadRecord("A text names a moment that there is not.");
        }
    }

    static LocalDate toDate(String text) {
        try {
            return date(match(DATE, text));
        } catch (DateTimeException none) {
            throw new BadRecord("A text names a day that there is not.");
        }
    }

    static LocalTime toTime(String text) {
        try {
            return time(match(TIME, text), 1);
        } catch (DateTimeException none) {
            throw new BadRecord("A text names a time that there is not.");
        }
    }

    /** The years that a text of four digits can name. */
    static Instant bounded(Instant moment) {
        int year = moment.atOffset(ZoneOffset.UTC).getYear();
        if (year < 0 || year > 9999) {
            throw new BadRecord("A moment is outside the years 0 to 9999.");
        }
        return moment;
    }

    static String print(Instant moment) {
        return PRINTED.format(moment);
    }

    /** Seconds always, and of their fraction what there is. */
    static String print(LocalTime time) {
        String clock = DateTimeFormatter.ofPattern("HH:mm:ss").format(time);
        int millis = time.getNano() / 1_000_000;
        return millis == 0 ? clock : clock + String.format(".%03d", millis).replaceAll("0+$", "");
    }

    private static Matcher match(Pattern pattern, String text) {
        Matcher match = pattern.matcher(text);
        if (match.matches()) {
            return match;
        }
        throw new BadRecord("A text is not in ISO-8601.");
    }

    private static LocalDate date(Matcher match) {
        return LocalDate.of(
                Integer.parseInt(match.group(1)), Integer.parseInt(match.group(2)), Integer.parseInt(match.group(3)));
    }

    private static LocalTime time(Matcher match, int group) {
        String second = match.group(group + 2);
        String fraction = match.group(group + 3);
        int millis = fraction == null ? 0 : Integer.parseInt((fraction + "00").substring(0, 3));
        return LocalTime.of(
                Integer.parseInt(match.group(group)),
                Integer.parseInt(match.group(group + 1)),
                second == null ? 0 : Integer.parseInt(second),
                millis * 1_000_000);
    }
}
