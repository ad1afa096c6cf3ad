package sluice.flink;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.ObjectMapper;
import org.apache.flink.table.data.GenericRowData;

/** The readers of the messages that a plan of the gateway's describes. */
final class ProtobufPlan {
    private final JsonNode plan;
    private final Map<String, MessageReader> byPath = new HashMap<>();
    private final Map<Integer, MessageReader> objects = new HashMap<>();

    ProtobufPlan(String text) throws IOException {
        plan = new ObjectMapper().readTree(text);
        JsonNode paths = plan.path("paths");
        paths.fieldNames().forEachRemaining(path -> byPath.put(path, rowReader(paths.path(path).asInt())));
    }

    /** Null when records of such a message cannot be read. */
    MessageReader messageAt(String path) {
        return byPath.get(path);
    }

    private MessageReader rowReader(int place) {
        MessageReader reader = new MessageReader(messageOf(place));
        addFields(place, reader, false);
        return reader;
    }

    private MessageReader objectReader(int place) {
        MessageReader known = objects.get(place);
        if (known != null) {
            return known;
        }
        MessageReader reader = new MessageReader(messageOf(place));
        // Known before its fields are looked at: a message may hold itself.
        objects.put(place, reader);
        addFields(place, reader, true);
        return reader;
    }

    private JsonNode messageOf(int place) {
        return plan.path("messages").path(place);
    }

    private void addFields(int place, MessageReader reader, boolean isWithinJson) {
        for (JsonNode field : messageOf(place).path("fields")) {
            boolean isJson = isWithinJson || field.path("isJson").asBoolean();
            FieldReader added = new FieldReader(field, valueReader(field.path("value"), isJson), isWithinJson);
            reader.add(added, field.path("tags"));
        }
    }

    private ValueReader valueReader(JsonNode value, boolean isJson) {
        switch (value.path("kind").asText()) {
            case "message":
                int place = value.path("message").asInt();
                return isJson ? readObject(objectReader(place)) : readRow(rowReader(place));
            case "wrapper":
                return readWrapper(value, valueReader(value.path("of"), isJson));
            case "known":
                return KnownMessages.reader(value.path("type").asText(), isJson);
            default:
                return Scalars.reader(value, isJson);
        }
    }

    private static ValueReader readRow(MessageReader message) {
        return bytes -> {
            int before = bytes.enter(bytes.readVarint());
            GenericRowData row = GenericRowData.of(message.read(bytes));
            bytes.leave(before);
            return row;
        };
    }

    private static ValueReader readObject(MessageReader message) {
        return bytes -> {
            bytes.descend();
            int before = bytes.enter(bytes.readVarint());
            JsonNode object = message.readObject(bytes);
            bytes.leave(before);
            bytes.ascend();
            return object;
        };
    }

    /** A message with one field, which has its zero value when it is absent. */
    private static ValueReader readWrapper(JsonNode value, ValueReader of) {
        long wanted = value.path("tag").asLong();
        Object zero = value.path("hasZero").asBoolean() ? of.zero() : null;
        return bytes -> {
            int before = bytes.enter(bytes.readVarint());
            Object found = zero;
            while (bytes.hasMore()) {
                long tag = bytes.readTag();
                if (tag == wanted) {
                    found = of.read(bytes);
                } else {
                    bytes.skipField(tag);
                }
            }
            bytes.leave(before);
            return found;
        };
    }
}
