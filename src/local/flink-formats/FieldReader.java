package sluice.flink;

import java.util.ArrayList;
import java.util.List;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.JsonNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ArrayNode;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.JsonNodeFactory;
import org.apache.flink.shaded.jackson2.com.fasterxml.jackson.databind.node.ObjectNode;
import org.apache.flink.table.data.GenericArrayData;
import org.apache.flink.table.data.StringData;

/** Reads one field of a message, which may come several times, into its place among the message's values. */
final class FieldReader {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final int at;
    private final boolean isList;
    private final boolean isMap;
    private final boolean required;
    private final boolean itemRequired;
    private final boolean isText;
    private final boolean isJson;
    private final int[] rivals;
    private final ValueReader value;
    private final ValueReader key;
    private final Object absent;

    /** Within JSON every value is a node; a column of JSON among others has the text of one. */
    FieldReader(JsonNode field, ValueReader value, boolean isWithinJson) {
        at = field.path("at").asInt();
        isList = field.path("label").asText().equals("LIST");
        isMap = field.path("label").asText().equals("MAP");
        required = field.path("required").asBoolean();
        itemRequired = field.path("itemRequired").asBoolean();
        isText = !isWithinJson && field.path("isJson").asBoolean();
        isJson = isWithinJson || isText;
        rivals = new int[field.path("rivals").size()];
        for (int rival = 0; rival < rivals.length; rival++) {
            rivals[rival] = field.path("rivals").path(rival).asInt();
        }
        this.value = value;
        key = isMap ? Scalars.mapKey(field.path("key").asText()) : null;
        absent = field.path("hasZero").asBoolean() ? value.zero() : null;
    }

    /** Puts in what the field is as long as the record has not said otherwise. */
    void start(Object[] values) {
        values[at] = absent;
    }

    /** Reads one occurrence; packed: several values behind one length. */
    void read(Bytes bytes, boolean isPacked, Object[] values) {
        if (!isList && !isMap) {
            values[at] = value.read(bytes);
        } else if (isMap) {
            readEntry(bytes, values);
        } else if (isPacked) {
            int before = bytes.enter(bytes.readVarint());
            while (bytes.hasMore()) {
                addItem(bytes, values);
            }
            bytes.leave(before);
        } else {
            addItem(bytes, values);
        }
        for (int rival : rivals) {
            values[rival] = null;
        }
    }

    @SuppressWarnings("unchecked")
    private void addItem(Bytes bytes, Object[] values) {
        Object item = value.read(bytes);
        if (item == null && itemRequired) {
            throw new BadRecord("A list lacks a required item.");
        }
        if (values[at] == null) {
            values[at] = new ArrayList<>();
        }
        ((List<Object>) values[at]).add(item);
    }

    private void readEntry(Bytes bytes, Object[] values) {
        String name = String.valueOf(key.zero());
        JsonNode member = null;
        int before = bytes.enter(bytes.readVarint());
        while (bytes.hasMore()) {
            long tag = bytes.readTag();
            if (tag >>> 3 == 1) {
                name = String.valueOf(key.read(bytes));
            } else if (tag >>> 3 == 2) {
                member = (JsonNode) value.read(bytes);
            } else {
                bytes.skipField(tag);
            }
        }
        bytes.leave(before);
        if (values[at] == null) {
            values[at] = NODES.objectNode();
        }
        ((ObjectNode) values[at]).set(name, member);
    }

    /** Puts in the final form when the whole message is read. */
    void finish(Object[] values) {
        if (isList) {
            List<?> items = values[at] == null ? List.of() : (List<?>) values[at];
            values[at] = isJson ? toNode(items) : new GenericArrayData(items.toArray());
        } else if (isMap && values[at] == null) {
            values[at] = NODES.objectNode();
        }
        if (isText) {
            values[at] = toText((JsonNode) values[at]);
        }
        if (values[at] == null && required) {
            throw new BadRecord("A required field is missing.");
        }
    }

    private static ArrayNode toNode(List<?> items) {
        ArrayNode array = NODES.arrayNode(items.size());
        for (Object item : items) {
            array.add((JsonNode) item);
        }
        return array;
    }

    /** A text as it is, all else in JSON's notation. */
    private static StringData toText(JsonNode node) {
        if (node == null || node.isNull()) {
            return null;
        }
        return StringData.fromString(node.isTextual() ? node.textValue() : node.toString());
    }
}
