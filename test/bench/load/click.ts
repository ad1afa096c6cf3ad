/**
 * The records of the load. All of one size have the same length, in Kafka and in a GraphQL answer, so that the number
 * of records in a frame follows from the frame's length.
 */

/** What a record looks like in Kafka, of exactly so many bytes (91 at the least). */
export function clickRecord(user: string, index: number, recordBytes: number, at: number): string {
  return `{"user_id":"${user}","url":"${urlOf(index, recordBytes)}","clicked_at":"${new Date(at).toISOString()}"}`;
}

/** The name of a user, always of the same length. */
export function userName(index: number): string {
  return `user-${String(index).padStart(6, '0')}`;
}

/** How long a node of {@link clickFields} is that was made from a record of so many bytes. */
export function nodeBytes(recordBytes: number): number {
  return recordBytes + '{"userId":"","url":"","clickedAt":""}'.length - emptyRecordBytes;
}

/** What the subscriptions of the load select of a node, in this order. */
export const clickFields = 'userId url clickedAt';

const emptyRecordBytes = '{"user_id":"","url":"","clicked_at":""}'.length;
const userBytes = userName(0).length;
const timeBytes = new Date(0).toISOString().length;

function urlOf(index: number, recordBytes: number): string {
  return `/${String(index).padStart(recordBytes - emptyRecordBytes - userBytes - timeBytes - 1, '0')}`;
}
