package sluice.flink;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.Base64;
import java.util.function.Function;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.apache.flink.table.data.DecimalData;
import org.apache.flink.table.data.StringData;
import org.apache.flink.table.data.TimestampData;

/** From values of Java to what Flink's columns hold, or to JSON. */
final class Values {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    /** The largest integer up to which a double counts one by one. */
    private static final long LARGEST_SAFE = (1L << 53) - 1;

    /** DECIMAL(38, 9), Flink's type of Decimal. */
    private static final int PRECISION = 38;

    private static final int SCALE = 9;

    private Values() {}

    /** Prepares what makes a column's value of the declared scalar; null is what its type has no room for. */
    static Function<Object, Object> toColumn(String scalar) {
        switch (scalar) {
            case "Int":
                return Values::toInt;
            case "BigInt":
                return value -> value instanceof BigInteger ? null : value;
            case "Float":
                return value -> ((Number) value).doubleValue();
            case "Boolean":
            case "Bytes":
                return value -> value;
            case "DateTime":
                return value -> TimestampData.fromInstant(
                        value instanceof String ? IsoTexts.toInstant((String) value) : (Instant) value);
            case "Date":
                return value -> (int) (value instanceof String ? IsoTexts.toDate((String) value) : (LocalDate) value)
                        .toEpochDay();
            case "Time":
                return value -> (int) ((value instanceof String ? IsoTexts.toTime((String) value) : (LocalTime) value)
                                .toNanoOfDay() / 1_000_000);
            case "Decimal":
                return value -> DecimalData.fromBigDecimal(toDecimal(value), PRECISION, SCALE);
            default:
                return value -> StringData.fromString(value.toString());
        }
    }

    private static Object toInt(Object value) {
        if (value instanceof Long && (Long) value == ((Long) value).intValue()) {
            return ((Long) value).intValue();
        }
        throw new BadRecord("An integer has more than 32 bits.");
    }

    private static BigDecimal toDecimal(Object value) {
        if (value instanceof BigDecimal) {
            return (BigDecimal) value;
        }
        return value instanceof String ? Decimals.parse((String) value) : new BigDecimal(value.toString());
    }

    /** The value in JSON: what its numbers cannot hold, and what JSON does not know, is a text there. */
    static JsonNode toNode(Object value) {
        if (value instanceof Boolean) {
            return NODES.booleanNode((Boolean) value);
        }
        if (value instanceof Double) {
            return NODES.numberNode((Double) value);
        }
        if (value instanceof Long && Math.abs((Long) value) <= LARGEST_SAFE && (Long) value != Long.MIN_VALUE) {
            return NODES.numberNode((Long) value);
        }
        if (value instanceof byte[]) {
            return NODES.textNode(Base64.getEncoder().encodeToString((byte[]) value));
        }
        if (value instanceof BigDecimal) {
            return NODES.textNode(Decimals.print((BigDecimal) value));
        }
        if (value instanceof Instant) {
            return NODES.textNode(IsoTexts.print((Instant) value));
        }
        if (value instanceof LocalTime) {
            return NODES.textNode(IsoTexts.print((LocalTime) value));
        }
        return NODES.textNode(value.toString());
    }
}
