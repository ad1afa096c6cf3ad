import type { Place } from '#model';
import type { SqlPosition } from '#sql';

/**
 * Maps a place in a view's SQL onto its file. All lines of the text were moved left alike when the block string was
 * read, by as much as its first line stands to the right.
 */
export function toFilePlace(sqlPlace: Place, position: SqlPosition): Place {
  return {
    file: sqlPlace.file,
    line: sqlPlace.line + position.line - 1,
    column: sqlPlace.column + position.column - 1,
  };
}
