package sluice.flink;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.regex.Pattern;

/** Decimals of at most 38 digits on either side of the point. */
final class Decimals {
    private static final int MOST_DIGITS = 38;
    private static final int MOST_SCALE = 2 * MOST_DIGITS;
    private static final int MOST_CHARACTERS = 100;
    private static final Pattern NUMBER = Pattern.compile("[+-]?[0-9]+(?:\\.[0-9]+)?(?:[eE][+-]?[0-9]{1,3})?");

    private Decimals() {}

    static BigDecimal parse(String text) {
        if (text.length() > MOST_CHARACTERS || !NUMBER.matcher(text).matches()) {
            throw new BadRecord("A text is no Decimal.");
        }
        return bounded(new BigDecimal(text));
    }

    /** The integer in two's complement, highest byte first, divided by ten to the power of the scale. */
    static BigDecimal fromUnscaled(byte[] unscaled, int scale) {
        if (scale < 0 || scale > MOST_SCALE) {
            throw new BadRecord("A Decimal has the scale " + scale + ".");
        }
        return bounded(new BigDecimal(unscaled.length == 0 ? BigInteger.ZERO : new BigInteger(unscaled), scale));
    }

    private static BigDecimal bounded(BigDecimal value) {
        BigDecimal shortest = value.stripTrailingZeros();
        if (shortest.precision() - shortest.scale() > MOST_DIGITS || shortest.scale() > MOST_DIGITS) {
            throw new BadRecord("A Decimal has more than " + MOST_DIGITS + " digits on a side of the point.");
        }
        return shortest;
    }

    static String print(BigDecimal value) {
        return value.signum() == 0 ? "0" : value.toPlainString();
    }
}
