package sluice.flink;

import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.formats.avro.registry.confluent.AvroConfluentFormatOptions;
import org.apache.flink.formats.avro.registry.confluent.RegistryAvroFormatFactory;
import org.apache.flink.formats.avro.typeutils.AvroSchemaConverter;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

/**
 * The format {@code sluice-avro}: reads what Flink's {@code avro-confluent} reads, by the same options, but passes over
 * records that do not fit.
 */
public final class AvroFormat implements DeserializationFormatFactory {
    @Override
    public String factoryIdentifier() {
        return "sluice-avro";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return new RegistryAvroFormatFactory().requiredOptions();
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return new RegistryAvroFormatFactory().optionalOptions();
    }

    @Override
    public DecodingFormat<DeserializationSchema<RowData>> createDecodingFormat(
            DynamicTableFactory.Context context, ReadableConfig options) {
        FactoryUtil.validateFactoryOptions(this, options);
        String url = options.get(AvroConfluentFormatOptions.URL);
        Optional<String> schema = options.getOptional(AvroConfluentFormatOptions.SCHEMA);
        Map<String, String> settings = RegistryAvroFormatFactory.buildOptionalPropertiesMap(options);
        return new DecodingFormat<>() {
            @Override
            public DeserializationSchema<RowData> createRuntimeDecoder(
                    DynamicTableSource.Context runtime, DataType type) {
                RowType rowType = (RowType) type.getLogicalType();
                TypeInformation<RowData> produced = runtime.createTypeInformation(type);
                String reader = schema.orElseGet(() -> AvroSchemaConverter.convertToSchema(rowType).toString());
                return new AvroRows(produced, rowType, reader, new WriterSchemas(url, settings));
            }

            @Override
            public ChangelogMode getChangelogMode() {
                return ChangelogMode.insertOnly();
            }
        };
    }
}
