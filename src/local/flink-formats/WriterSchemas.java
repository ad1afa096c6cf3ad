package sluice.flink;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.Serializable;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.ParsedSchema;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.CachedSchemaRegistryClient;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.RestService;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.entities.SchemaString;
import org.apache.flink.avro.registry.confluent.shaded.io.confluent.kafka.schemaregistry.client.rest.exceptions.RestClientException;
import org.apache.flink.avro.shaded.org.apache.avro.Schema;

/**
 * The schemas that records were written with, from the registry. What the registry says of a schema is a matter of the
 * record; that it says nothing (it is away, refuses, answers rubbish) is not: a record passed over then would be lost.
 */
final class WriterSchemas implements Serializable {
    private static final long serialVersionUID = 1L;

    /** "Schema not found" in Confluent's API. A 404 of a proxy or of a wrong path has another code, or none. */
    private static final int SCHEMA_NOT_FOUND = 40403;

    /** How long an id that there is none of is not asked for again. */
    private static final long FORGET_NANOS = 10_000_000_000L;

    private static final int MOST_REFUSALS = 10_000;

    /** A replica of a registry may learn of a new schema a moment after the writer: it is asked again. */
    private static final long[] PATIENCE_MS = {300, 700};

    private final String url;
    private final Map<String, String> settings;
    private transient RestService rest;
    private transient CachedSchemaRegistryClient client;
    /** When the ids that there is no Avro schema of may be asked for again. */
    private transient Map<Integer, Long> refused;
    /** Whoever writes records chooses the ids: not every made-up one is waited for. */
    private transient long patientFrom;

    WriterSchemas(String url, Map<String, String> settings) {
        this.url = url;
        this.settings = settings;
    }

    void open() {
        rest = new RestService(url);
        // Gives the service its authentication and TLS, and knows how schemas refer to others.
        client = new CachedSchemaRegistryClient(rest, 1_000, settings);
        refused = new LinkedHashMap<>();
        patientFrom = System.nanoTime();
    }

    /** Throws {@link BadRecord} when there is no such Avro schema, and IOException when that is not known. */
    Schema get(int id) throws IOException {
        Long until = refused.get(id);
        if (until != null && until - System.nanoTime() > 0) {
            throw noSchema(id);
        }
        SchemaString found = ask(id);
        String type = found.getSchemaType();
        if (type != null && !type.equals("AVRO")) {
            throw refuse(id);
        }
        Optional<ParsedSchema> parsed = client.parseSchema("AVRO", found.getSchemaString(), found.getReferences());
        if (parsed.isPresent()) {
            return (Schema) parsed.get().rawSchema();
        }
        if (found.getReferences() == null || found.getReferences().isEmpty()) {
            throw refuse(id);
        }
        throw new IOException("The schema " + id + " of the registry at " + url + " refers to others that were not had.");
    }

    private SchemaString ask(int id) throws IOException {
        for (int attempt = 0; ; attempt++) {
            try {
                return rest.getId(id);
            } catch (RestClientException answer) {
                if (answer.getErrorCode() != SCHEMA_NOT_FOUND) {
                    throw away(id, answer);
                }
                if (attempt == PATIENCE_MS.length || System.nanoTime() - patientFrom < 0) {
                    patientFrom = System.nanoTime() + FORGET_NANOS;
                    throw refuse(id);
                }
                pause(PATIENCE_MS[attempt]);
            } catch (IOException | RuntimeException fault) {
                throw away(id, fault);
            }
        }
    }

    /** Without a cause: Flink's last one is what people are shown, and it would not say that it is about the registry. */
    private IOException away(int id, Exception cause) {
        return new IOException("The schema registry at " + url + " did not give the schema " + id + ": " + cause);
    }

    private BadRecord refuse(int id) {
        refused.remove(id);
        refused.put(id, System.nanoTime() + FORGET_NANOS);
        if (refused.size() > MOST_REFUSALS) {
            refused.remove(refused.keySet().iterator().next());
        }
        return noSchema(id);
    }

    private static BadRecord noSchema(int id) {
        return new BadRecord("The schema registry has no Avro schema " + id + ".");
    }

    private static void pause(long millis) throws IOException {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("Stopped while the schema registry was asked.");
        }
    }
}
