package sluice.flink;

import java.io.IOException;
import java.nio.ByteBuffer;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.metrics.Counter;
import org.apache.flink.table.data.RowData;

/**
 * Rows from records in Confluent's wire format: a zero byte, the schema's id in four bytes, the value. A record that does
 * not fit gives no row and is counted; what has nothing to do with the record ends the job, as an IOException.
 */
abstract class FramedRows implements DeserializationSchema<RowData> {
    private static final long serialVersionUID = 1L;

    private static final int HEADER_BYTES = 5;

    private final TypeInformation<RowData> producedType;
    private transient Counter badRecords;

    FramedRows(TypeInformation<RowData> producedType) {
        this.producedType = producedType;
    }

    /** The row of a value that begins behind its header. Throws {@link BadRecord} when it does not fit. */
    abstract RowData read(int schemaId, byte[] record, int at) throws IOException;

    @Override
    public void open(InitializationContext context) throws Exception {
        badRecords = context.getMetricGroup().counter("badRecords");
    }

    @Override
    public RowData deserialize(byte[] record) throws IOException {
        if (record == null) {
            return null;
        }
        try {
            if (record.length < HEADER_BYTES || record[0] != 0) {
                throw new BadRecord("The value does not begin with a zero byte and a schema id.");
            }
            return read(ByteBuffer.wrap(record).getInt(1), record, HEADER_BYTES);
        } catch (BadRecord bad) {
            badRecords.inc();
            return null;
        }
    }

    @Override
    public boolean isEndOfStream(RowData row) {
        return false;
    }

    @Override
    public TypeInformation<RowData> getProducedType() {
        return producedType;
    }
}
