package sluice.flink;

import java.nio.ByteBuffer;
import org.apache.flink.avro.shaded.org.apache.avro.io.Decoder;
import org.apache.flink.avro.shaded.org.apache.avro.util.Utf8;

/**
 * Avro's binary form, with every length held against the bytes that are left: Avro's own decoder allocates what a record
 * claims to hold, and a record that lies would end the TaskManager with an OutOfMemoryError.
 */
final class BoundedDecoder extends Decoder {
    /** Items that take no byte (nulls, empty records) which one record may hold in all. */
    private static final int MOST_EMPTY_ITEMS = 10_000;

    private Bytes bytes;
    private long itemsLeft;

    void open(byte[] record, int at) {
        bytes = new Bytes(record, at);
        itemsLeft = (long) record.length + MOST_EMPTY_ITEMS;
    }

    @Override
    public void readNull() {}

    @Override
    public boolean readBoolean() {
        return bytes.readByte() == 1;
    }

    @Override
    public int readInt() {
        long value = readLong();
        if (value != (int) value) {
            throw new BadRecord("An integer has more than 32 bits.");
        }
        return (int) value;
    }

    @Override
    public long readLong() {
        return Bytes.fromZigzag(bytes.readVarint());
    }

    @Override
    public float readFloat() {
        return Float.intBitsToFloat(bytes.readInt());
    }

    @Override
    public double readDouble() {
        return Double.longBitsToDouble(bytes.readLong());
    }

    @Override
    public Utf8 readString(Utf8 old) {
        return new Utf8(readString());
    }

    @Override
    public String readString() {
        return bytes.readText(readLong());
    }

    @Override
    public void skipString() {
        skipBytes();
    }

    @Override
    public ByteBuffer readBytes(ByteBuffer old) {
        return ByteBuffer.wrap(bytes.readBytes(readLong()));
    }

    @Override
    public void skipBytes() {
        bytes.take(readLong());
    }

    @Override
    public void readFixed(byte[] target, int start, int length) {
        System.arraycopy(bytes.array(), bytes.take(length), target, start, length);
    }

    @Override
    public void skipFixed(int length) {
        bytes.take(length);
    }

    @Override
    public int readEnum() {
        return readInt();
    }

    @Override
    public int readIndex() {
        return readInt();
    }

    @Override
    public long readArrayStart() {
        return readBlock();
    }

    @Override
    public long arrayNext() {
        return readBlock();
    }

    @Override
    public long skipArray() {
        return skipBlocks();
    }

    @Override
    public long readMapStart() {
        return readBlock();
    }

    @Override
    public long mapNext() {
        return readBlock();
    }

    @Override
    public long skipMap() {
        return skipBlocks();
    }

    /** How many items follow; a negative count stands before the length of its block. */
    private long readBlock() {
        long count = readLong();
        if (count < 0) {
            count = -count;
            readLong();
        }
        return takeItems(count);
    }

    /** Goes over blocks that tell their length, up to one that does not: how many items that has. */
    private long skipBlocks() {
        long count = readLong();
        while (count < 0) {
            bytes.take(readLong());
            count = readLong();
        }
        return takeItems(count);
    }

    private long takeItems(long count) {
        itemsLeft -= count;
        if (count < 0 || itemsLeft < 0) {
            throw new BadRecord("A list is longer than the record can hold.");
        }
        return count;
    }
}
