package sluice.flink;

import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.avro.shaded.org.apache.avro.Schema;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericDatumReader;
import org.apache.flink.avro.shaded.org.apache.avro.generic.GenericRecord;
import org.apache.flink.formats.avro.AvroToRowDataConverters;
import org.apache.flink.formats.avro.AvroToRowDataConverters.AvroToRowDataConverter;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.types.logical.RowType;

/** Rows from Avro: each record is read by the schema that it names. */
final class AvroRows extends FramedRows {
    private static final long serialVersionUID = 1L;

    /** A topic has a handful of schemas. */
    private static final int MOST_READERS = 1_000;

    private final RowType rowType;
    private final String readerSchema;
    private final WriterSchemas writerSchemas;
    private transient Schema expected;
    private transient AvroToRowDataConverter converter;
    private transient BoundedDecoder decoder;
    private transient Map<Integer, GenericDatumReader<GenericRecord>> readers;

    AvroRows(
            TypeInformation<RowData> producedType, RowType rowType, String readerSchema, WriterSchemas writerSchemas) {
        super(producedType);
        this.rowType = rowType;
        this.readerSchema = readerSchema;
        this.writerSchemas = writerSchemas;
    }

    @Override
    public void open(InitializationContext context) throws Exception {
        super.open(context);
        expected = new Schema.Parser().parse(readerSchema);
        converter = AvroToRowDataConverters.createRowConverter(rowType);
        decoder = new BoundedDecoder();
        readers = new HashMap<>();
        writerSchemas.open();
    }

    @Override
    RowData read(int schemaId, byte[] record, int at) throws IOException {
        GenericDatumReader<GenericRecord> reader = readers.get(schemaId);
        if (reader == null) {
            reader = new GenericDatumReader<>(writerSchemas.get(schemaId), expected);
            if (readers.size() >= MOST_READERS) {
                readers.clear();
            }
            readers.put(schemaId, reader);
        }
        try {
            decoder.open(record, at);
            return (RowData) converter.convert(reader.read(null, decoder));
        } catch (IOException | RuntimeException | StackOverflowError thrown) {
            // Nothing but the record is looked at here, and no more memory taken than it has bytes.
            throw new BadRecord(String.valueOf(thrown.getMessage()));
        }
    }
}
