package sluice.flink;

import java.math.BigInteger;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;

/** Reads Protobuf's scalars and enums. */
final class Scalars {
    private Scalars() {}

    /** Prepares the reader of a value of the plan. */
    static ValueReader reader(JsonNode value, boolean isJson) {
        switch (value.path("kind").asText()) {
            case "enum":
                return enumReader(value, isJson);
            case "names":
                return namesReader(value, isJson);
            default:
                String type = value.path("type").asText();
                Function<Object, Object> convert = isJson ? Values::toNode : Values.toColumn(value.path("as").asText());
                return new Converted(plain(type), convert, zeroOf(type));
        }
    }

    /** The key of a map, as a text. */
    static ValueReader mapKey(String type) {
        return new Converted(plain(type), String::valueOf, zeroOf(type));
    }

    private static final class Converted implements ValueReader {
        private final Function<Bytes, Object> read;
        private final Function<Object, Object> convert;
        private final Object zero;

        Converted(Function<Bytes, Object> read, Function<Object, Object> convert, Object zero) {
            this.read = read;
            this.convert = convert;
            this.zero = zero;
        }

        @Override
        public Object read(Bytes bytes) {
            return convert.apply(read.apply(bytes));
        }

        @Override
        public Object zero() {
            return convert.apply(zero);
        }
    }

    private static ValueReader enumReader(JsonNode value, boolean isJson) {
        Map<Long, String> names = new HashMap<>();
        JsonNode planned = value.path("names");
        planned.fieldNames().forEachRemaining(number ->
                names.put(Long.valueOf(number), planned.path(number).asText()));
        boolean isClosed = value.path("isClosed").asBoolean();
        Function<Object, Object> name = number -> {
            String found = names.get(number);
            if (found == null && !isClosed) {
                return text(String.valueOf(number), isJson);
            }
            if (found == null && (Long) number != 0) {
                throw new BadRecord("The enum has no value " + number + ".");
            }
            return found == null ? null : text(found, isJson);
        };
        return new Converted(bytes -> (long) (int) bytes.readVarint(), name, 0L);
    }

    private static ValueReader namesReader(JsonNode value, boolean isJson) {
        Set<String> names = new HashSet<>();
        value.path("names").forEach(name -> names.add(name.asText()));
        return bytes -> {
            String found = bytes.readText(bytes.readVarint());
            if (!names.contains(found)) {
                throw new BadRecord("The enum has no such value.");
            }
            return text(found, isJson);
        };
    }

    private static Object text(String text, boolean isJson) {
        return isJson ? Values.toNode(text) : Values.toColumn("String").apply(text);
    }

    /** From bytes to Boolean, Long, BigInteger for what a Long cannot hold, Double, String or byte[]. */
    private static Function<Bytes, Object> plain(String type) {
        switch (type) {
            case "bool":
                return bytes -> bytes.readVarint() != 0;
            case "string":
                return bytes -> bytes.readText(bytes.readVarint());
            case "bytes":
                return bytes -> bytes.readBytes(bytes.readVarint());
            case "float":
                return bytes -> finite(Float.intBitsToFloat(bytes.readInt()));
            case "double":
                return bytes -> finite(Double.longBitsToDouble(bytes.readLong()));
            case "int32":
                return bytes -> (long) (int) bytes.readVarint();
            case "int64":
                return Bytes::readVarint;
            case "uint32":
                return bytes -> bytes.readVarint() & 0xffffffffL;
            case "uint64":
                return bytes -> unsigned(bytes.readVarint());
            case "sint32":
                return bytes -> signed(Bytes.fromZigzag(bytes.readVarint()));
            case "sint64":
                return bytes -> Bytes.fromZigzag(bytes.readVarint());
            case "fixed32":
                return bytes -> bytes.readInt() & 0xffffffffL;
            case "fixed64":
                return bytes -> unsigned(bytes.readLong());
            case "sfixed32":
                return bytes -> (long) bytes.readInt();
            case "sfixed64":
                return Bytes::readLong;
            default:
                throw new IllegalArgumentException("Protobuf has no type " + type + ".");
        }
    }

    private static Object zeroOf(String type) {
        switch (type) {
            case "bool":
                return false;
            case "string":
                return "";
            case "bytes":
                return new byte[0];
            case "float":
            case "double":
                return 0.0;
            default:
                return 0L;
        }
    }

    private static Object finite(double value) {
        if (Double.isFinite(value)) {
            return value;
        }
        throw new BadRecord("A number is " + value + ".");
    }

    private static Object unsigned(long value) {
        return value >= 0 ? (Object) value : new BigInteger(Long.toUnsignedString(value));
    }

    private static Object signed(long value) {
        if (value == (int) value) {
            return value;
        }
        throw new BadRecord("An integer has more than 32 bits.");
    }
}
