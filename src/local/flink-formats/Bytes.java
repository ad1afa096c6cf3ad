package sluice.flink;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;

/** Reads bytes from front to back; one that reads past the end throws {@link BadRecord}, before anything is allocated. */
final class Bytes {
    /** The largest nesting of a value whose nesting the bytes alone decide. */
    private static final int MOST_LEVELS = 100;

    private final byte[] array;
    private int at;
    private int level;
    /** Where the present message ends. */
    private int end;

    Bytes(byte[] array, int at) {
        this.array = array;
        this.at = at;
        this.end = array.length;
    }

    byte[] array() {
        return array;
    }

    boolean hasMore() {
        return at < end;
    }

    /** Limits what is read to so many bytes: the end before, to be given to {@link #leave}. */
    int enter(long length) {
        int before = end;
        end = take(length) + (int) length;
        at = end - (int) length;
        return before;
    }

    void leave(int before) {
        at = end;
        end = before;
    }

    /** Goes one level deeper into such a value; {@link #ascend} behind it. */
    void descend() {
        level++;
        if (level > MOST_LEVELS) {
            throw new BadRecord("The record is nested more than " + MOST_LEVELS + " deep.");
        }
    }

    void ascend() {
        level--;
    }

    /** Where the next so many bytes begin; goes on behind them. */
    int take(long length) {
        if (length < 0 || length > end - at) {
            throw new BadRecord("The record ends too early.");
        }
        int start = at;
        at += (int) length;
        return start;
    }

    byte readByte() {
        return array[take(1)];
    }

    /** Four bytes, lowest first. */
    int readInt() {
        return Integer.reverseBytes(ByteBuffer.wrap(array).getInt(take(4)));
    }

    /** Eight bytes, lowest first. */
    long readLong() {
        return Long.reverseBytes(ByteBuffer.wrap(array).getLong(take(8)));
    }

    /** Base 128, least first, of at most 64 bits. */
    long readVarint() {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte next = readByte();
            value |= (long) (next & 0x7f) << shift;
            if (next >= 0) {
                return value;
            }
        }
        throw new BadRecord("An integer has more than 10 bytes.");
    }

    /** Goes over a field of Protobuf that is not read. */
    void skipField(long tag) {
        if (tag < 8) {
            throw new BadRecord("The record holds a field number 0.");
        }
        switch ((int) (tag & 7)) {
            case 0:
                readVarint();
                return;
            case 1:
                take(8);
                return;
            case 2:
                take(readVarint());
                return;
            case 3:
                skipGroup(tag);
                return;
            case 5:
                take(4);
                return;
            default:
                throw new BadRecord("The record holds a field of a wire type that there is not.");
        }
    }

    /** A group of Protobuf 2 ends with a tag of its own. */
    private void skipGroup(long start) {
        descend();
        for (long tag = readTag(); tag != start + 1; tag = readTag()) {
            skipField(tag);
        }
        ascend();
    }

    /** A field's number and wire type, in 32 bits. */
    long readTag() {
        long tag = readVarint();
        if (tag >>> 32 != 0) {
            throw new BadRecord("The record holds a field number that is too large.");
        }
        return tag;
    }

    static long fromZigzag(long raw) {
        return (raw >>> 1) ^ -(raw & 1);
    }

    byte[] readBytes(long length) {
        int start = take(length);
        byte[] copy = new byte[(int) length];
        System.arraycopy(array, start, copy, 0, copy.length);
        return copy;
    }

    /** The text of so many bytes. */
    String readText(long length) {
        int start = take(length);
        for (int place = start; place < at; place++) {
            if (array[place] < 0) {
                return readUnicode(start);
            }
        }
        return new String(array, start, at - start, StandardCharsets.US_ASCII);
    }

    private String readUnicode(int start) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(array, start, at - start)).toString();
        } catch (CharacterCodingException fault) {
            throw new BadRecord("A text is not valid UTF-8.");
        }
    }
}
