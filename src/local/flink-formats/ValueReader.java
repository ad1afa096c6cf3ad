package sluice.flink;

/** Reads one value, behind its tag: as Flink's columns hold it or, within JSON, as a node. Null: it has none. */
@FunctionalInterface
interface ValueReader {
    Object read(Bytes bytes);

    /** What it is where it is absent and does not say so. */
    default Object zero() {
        return null;
    }
}
