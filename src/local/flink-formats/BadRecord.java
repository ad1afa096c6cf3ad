package sluice.flink;

/** Says that a record does not fit: it is passed over, and the job goes on. */
final class BadRecord extends RuntimeException {
    private static final long serialVersionUID = 1L;

    /** Without a stack trace: it is thrown for every such record. */
    BadRecord(String reason) {
        super(reason, null, false, false);
    }
}
