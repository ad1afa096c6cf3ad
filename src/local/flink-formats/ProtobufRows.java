package sluice.flink;

import java.util.Arrays;
import java.util.IdentityHashMap;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.table.data.GenericRowData;
import org.apache.flink.table.data.RowData;

/** Rows from Protobuf. Which message a record is, is said by indexes before it. */
final class ProtobufRows extends FramedRows {
    private static final long serialVersionUID = 1L;

    /** Messages nested deeper than this are named by nobody. */
    private static final int LONGEST_PATH = 32;

    private final String[] columns;
    private final String planText;
    private transient ProtobufPlan plan;
    /** By message, where the columns' values stand among its own. */
    private transient Map<MessageReader, int[]> places;

    ProtobufRows(TypeInformation<RowData> producedType, String[] columns, String planText) {
        super(producedType);
        this.columns = columns;
        this.planText = planText;
    }

    @Override
    public void open(InitializationContext context) throws Exception {
        super.open(context);
        plan = new ProtobufPlan(planText);
        places = new IdentityHashMap<>();
    }

    @Override
    RowData read(int schemaId, byte[] record, int at) {
        Bytes bytes = new Bytes(record, at);
        MessageReader reader = plan.messageAt(readPath(bytes));
        if (reader == null) {
            throw new BadRecord("The record is a message that the schema does not have.");
        }
        try {
            return toRow(places.computeIfAbsent(reader, this::placesOf), reader.read(bytes));
        } catch (StackOverflowError tooDeep) {
            throw new BadRecord("The record is nested too deep.");
        }
    }

    /** The table may have other columns, and them in another order. */
    private int[] placesOf(MessageReader reader) {
        return Arrays.stream(columns).mapToInt(Arrays.asList(reader.columns())::indexOf).toArray();
    }

    private static RowData toRow(int[] places, Object[] values) {
        GenericRowData row = new GenericRowData(places.length);
        for (int column = 0; column < places.length; column++) {
            row.setField(column, places[column] < 0 ? null : values[places[column]]);
        }
        return row;
    }

    /** How many indexes, then the indexes, zigzag; a single 0 stands for the first message. */
    private static String readPath(Bytes bytes) {
        long count = Bytes.fromZigzag(bytes.readVarint());
        if (count == 0) {
            return "0";
        }
        if (count < 0 || count > LONGEST_PATH) {
            throw new BadRecord("The record does not name its message.");
        }
        StringBuilder path = new StringBuilder();
        for (long index = 0; index < count; index++) {
            path.append(index == 0 ? "" : ".").append(Bytes.fromZigzag(bytes.readVarint()));
        }
        return path.toString();
    }
}
