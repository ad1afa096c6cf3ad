package sluice.flink;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;

/** Reads the fields of one message by their tags; unknown ones are passed over. */
final class MessageReader {
    private final String[] columns;
    private final List<FieldReader> fields = new ArrayList<>();
    private final Map<Long, FieldReader> single = new HashMap<>();
    private final Map<Long, FieldReader> packed = new HashMap<>();

    MessageReader(JsonNode message) {
        columns = new String[message.path("columns").size()];
        for (int at = 0; at < columns.length; at++) {
            columns[at] = message.path("columns").path(at).asText();
        }
    }

    void add(FieldReader field, JsonNode tags) {
        fields.add(field);
        for (JsonNode tag : tags) {
            (tag.path("isPacked").asBoolean() ? packed : single).put(tag.path("tag").asLong(), field);
        }
    }

    /** The names of the values, in their order. */
    String[] columns() {
        return columns;
    }

    /** The values of a message that goes on to the end of what is entered. */
    Object[] read(Bytes bytes) {
        Object[] values = new Object[columns.length];
        for (FieldReader field : fields) {
            field.start(values);
        }
        while (bytes.hasMore()) {
            Long tag = bytes.readTag();
            FieldReader field = single.get(tag);
            if (field != null) {
                field.read(bytes, false, values);
            } else if ((field = packed.get(tag)) != null) {
                field.read(bytes, true, values);
            } else {
                bytes.skipField(tag);
            }
        }
        for (FieldReader field : fields) {
            field.finish(values);
        }
        return values;
    }

    /** The same as an object, where the values are nodes. */
    ObjectNode readObject(Bytes bytes) {
        Object[] values = read(bytes);
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        for (int at = 0; at < columns.length; at++) {
            object.set(columns[at], (JsonNode) values[at]);
        }
        return object;
    }
}
