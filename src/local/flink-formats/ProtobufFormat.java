package sluice.flink;

import java.util.Set;
import org.apache.flink.api.common.serialization.DeserializationSchema;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.ConfigOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.table.connector.ChangelogMode;
import org.apache.flink.table.connector.format.DecodingFormat;
import org.apache.flink.table.connector.source.DynamicTableSource;
import org.apache.flink.table.data.RowData;
import org.apache.flink.table.factories.DeserializationFormatFactory;
import org.apache.flink.table.factories.DynamicTableFactory;
import org.apache.flink.table.factories.FactoryUtil;
import org.apache.flink.table.types.DataType;
import org.apache.flink.table.types.logical.RowType;

/** The format {@code sluice-protobuf}: Protobuf in Confluent's wire format, by a plan that the gateway makes. */
public final class ProtobufFormat implements DeserializationFormatFactory {
    private static final ConfigOption<String> PLAN =
            ConfigOptions.key("plan")
                    .stringType()
                    .noDefaultValue()
                    .withDescription("How the messages are read into the columns: JSON, as the gateway writes it.");

    @Override
    public String factoryIdentifier() {
        return "sluice-protobuf";
    }

    @Override
    public Set<ConfigOption<?>> requiredOptions() {
        return Set.of(PLAN);
    }

    @Override
    public Set<ConfigOption<?>> optionalOptions() {
        return Set.of();
    }

    @Override
    public DecodingFormat<DeserializationSchema<RowData>> createDecodingFormat(
            DynamicTableFactory.Context context, ReadableConfig options) {
        FactoryUtil.validateFactoryOptions(this, options);
        String plan = options.get(PLAN);
        return new DecodingFormat<>() {
            @Override
            public DeserializationSchema<RowData> createRuntimeDecoder(
                    DynamicTableSource.Context runtime, DataType type) {
                TypeInformation<RowData> produced = runtime.createTypeInformation(type);
                String[] columns = ((RowType) type.getLogicalType()).getFieldNames().toArray(new String[0]);
                return new ProtobufRows(produced, columns, plan);
            }

            @Override
            public ChangelogMode getChangelogMode() {
                return ChangelogMode.insertOnly();
            }
        };
    }
}
