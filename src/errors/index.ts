/** The errors of every room: one class, one list of codes. Imports nothing. */
export { type CodeEntry, codes, type ErrorCode } from './codes.ts';
export { messageOf, SluiceError, type SluiceErrorOptions } from './sluice-error.ts';
