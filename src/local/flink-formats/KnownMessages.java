package sluice.flink;

import java.math.BigDecimal;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalTime;
import java.util.function.Function;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.NullNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/** Reads the messages that stand for one value. */
final class KnownMessages {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private KnownMessages() {}

    /** Prepares the reader of the message with this full name. */
    static ValueReader reader(String fullName, boolean isJson) {
        switch (fullName) {
            case "google.protobuf.Timestamp":
                return delimited(KnownMessages::readTimestamp, isJson ? Values::toNode : Values.toColumn("DateTime"));
            case "google.type.Date":
                return delimited(KnownMessages::readDate, isJson ? Values::toNode : Values.toColumn("Date"));
            case "google.type.TimeOfDay":
                return delimited(KnownMessages::readTime, isJson ? Values::toNode : Values.toColumn("Time"));
            case "google.type.Decimal":
                return delimited(KnownMessages::readDecimal, isJson ? Values::toNode : Values.toColumn("Decimal"));
            case "confluent.type.Decimal":
                return delimited(KnownMessages::readUnscaled, isJson ? Values::toNode : Values.toColumn("Decimal"));
            case "google.protobuf.Struct":
                return delimited(KnownMessages::readStruct, Function.identity());
            case "google.protobuf.ListValue":
                return delimited(KnownMessages::readList, Function.identity());
            case "google.protobuf.Value":
                return delimited(KnownMessages::readValue, Function.identity());
            default:
                throw new IllegalArgumentException("There is no reader of " + fullName + ".");
        }
    }

    private static <T> ValueReader delimited(Function<Bytes, T> read, Function<Object, Object> convert) {
        return bytes -> convert.apply(within(bytes, read));
    }

    private static <T> T within(Bytes bytes, Function<Bytes, T> read) {
        int before = bytes.enter(bytes.readVarint());
        T value = read.apply(bytes);
        bytes.leave(before);
        return value;
    }

    private static Instant readTimestamp(Bytes bytes) {
        long seconds = 0;
        int nanos = 0;
        while (bytes.hasMore()) {
            long tag = bytes.readTag();
            if (tag == 8) {
                seconds = bytes.readVarint();
            } else if (tag == 16) {
                nanos = (int) bytes.readVarint();
            } else {
                bytes.skipField(tag);
            }
        }
        try {
            // Cut to milliseconds, downwards.
            Instant exact = Instant.ofEpochSecond(seconds, nanos);
            return IsoTexts.bounded(Instant.ofEpochMilli(exact.toEpochMilli()));
        } catch (DateTimeException | ArithmeticException none) {
            throw new BadRecord("A moment is outside the years 0 to 9999.");
        }
    }

    private static LocalDate readDate(Bytes bytes) {
        int[] numbers = readIntegers(bytes);
        try {
            if (numbers[0] < 0 || numbers[0] > 9999) {
                throw new BadRecord("A day is outside the years 0 to 9999.");
            }
            return LocalDate.of(numbers[0], numbers[1], numbers[2]);
        } catch (DateTimeException none) {
            throw new BadRecord("Numbers stand for no day.");
        }
    }

    private static LocalTime readTime(Bytes bytes) {
        int[] numbers = readIntegers(bytes);
        long millis = ((numbers[0] * 60L + numbers[1]) * 60 + numbers[2]) * 1000 + Math.floorDiv(numbers[3], 1_000_000);
        try {
            return LocalTime.ofNanoOfDay(millis * 1_000_000);
        } catch (DateTimeException none) {
            throw new BadRecord("Numbers stand for no time of the day.");
        }
    }

    /** Four integers of 32 bits under the field numbers 1 to 4. */
    private static int[] readIntegers(Bytes bytes) {
        int[] numbers = new int[4];
        while (bytes.hasMore()) {
            long tag = bytes.readTag();
            if (tag % 8 == 0 && tag >= 8 && tag <= 32) {
                numbers[(int) (tag / 8) - 1] = (int) bytes.readVarint();
            } else {
                bytes.skipField(tag);
            }
        }
        return numbers;
    }

    private static BigDecimal readDecimal(Bytes bytes) {
        String text = "";
        while (bytes.hasMore()) {
            long tag = bytes.readTag();
            if (tag == 10) {
                text = bytes.readText(bytes.readVarint());
            } else {
                bytes.skipField(tag);
            }
        }
        return text.isEmpty() ? BigDecimal.ZERO : Decimals.parse(text);
    }

    private static BigDecimal readUnscaled(Bytes bytes) {
        byte[] unscaled = new byte[0];
        int scale = 0;
        while (bytes.hasMore()) {
            long tag = bytes.readTag();
            if (tag == 10) {
                unscaled = bytes.readBytes(bytes.readVarint());
            } else if (tag == 24) {
                scale = (int) bytes.readVarint();
            } else {
                bytes.skipField(tag);
            }
        }
        return Decimals.fromUnscaled(unscaled, scale);
    }

    private static ObjectNode readStruct(Bytes bytes) {
        bytes.descend();
        ObjectNode struct = NODES.objectNode();
        while (bytes.hasMore()) {
            long tag = bytes.readTag();
            if (tag == 10) {
                within(bytes, entry -> readMember(entry, struct));
            } else {
                bytes.skipField(tag);
            }
        }
        bytes.ascend();
        return struct;
    }

    private static ObjectNode readMember(Bytes bytes, ObjectNode struct) {
        String name = "";
        JsonNode value = NullNode.instance;
        while (bytes.hasMore()) {
            long tag = bytes.readTag();
            if (tag == 10) {
                name = bytes.readText(bytes.readVarint());
            } else if (tag == 18) {
                value = within(bytes, KnownMessages::readValue);
            } else {
                bytes.skipField(tag);
            }
        }
        struct.set(name, value);
        return struct;
    }

    private static ArrayNode readList(Bytes bytes) {
        bytes.descend();
        ArrayNode items = NODES.arrayNode();
        while (bytes.hasMore()) {
            long tag = bytes.readTag();
            if (tag == 10) {
                items.add(within(bytes, KnownMessages::readValue));
            } else {
                bytes.skipField(tag);
            }
        }
        bytes.ascend();
        return items;
    }

    private static JsonNode readValue(Bytes bytes) {
        JsonNode value = NullNode.instance;
        while (bytes.hasMore()) {
            value = readKind(bytes, bytes.readTag(), value);
        }
        return value;
    }

    /** The last one of its kinds counts. */
    private static JsonNode readKind(Bytes bytes, long tag, JsonNode before) {
        if (tag == 8) {
            bytes.readVarint();
            return NullNode.instance;
        }
        if (tag == 17) {
            double number = Double.longBitsToDouble(bytes.readLong());
            if (!Double.isFinite(number)) {
                throw new BadRecord("A number is " + number + ".");
            }
            return NODES.numberNode(number);
        }
        if (tag == 26) {
            return NODES.textNode(bytes.readText(bytes.readVarint()));
        }
        if (tag == 32) {
            return NODES.booleanNode(bytes.readVarint() != 0);
        }
        if (tag == 42) {
            return within(bytes, KnownMessages::readStruct);
        }
        if (tag == 50) {
            return within(bytes, KnownMessages::readList);
        }
        bytes.skipField(tag);
        return before;
    }
}
