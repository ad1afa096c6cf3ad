import { SluiceError } from '#errors';

/**
 * Checks that a path from a client lies below one of the directories, so that nobody makes Flink read or delete what
 * is no savepoint. Gives the path as a URL. Rejects with BAD_INPUT.
 */
export function checkStatePath(path: string, directories: readonly string[]): string {
  const asked = toUrl(path);
  const isBelow = directories.some((directory) => asked?.startsWith(`${toUrl(directory)}/`));
  if (asked && isBelow) return asked;
  const where = directories.length > 0 ? directories.join(', ') : 'none are configured';
  throw new SluiceError(
    'BAD_INPUT',
    `"${path}" does not lie below a directory for checkpoints and savepoints (${where}). Give the path that stopJob or triggerSavepoint answered.`,
  );
}

/** One spelling for `/a/b`, `file:/a/b/` and `file:///a/b`; null when a part of the path would lead elsewhere. */
function toUrl(path: string): string | null {
  const [, scheme, authority, rest] = /^(?:([a-z][a-z0-9+.-]*):)?(?:\/\/([^/]*))?(\/.*)$/i.exec(path) ?? [];
  if (rest === undefined) return null;
  const parts = rest.split('/').filter((part) => part !== '');
  // A file system may decode what follows a percent sign, and read a backslash as a slash.
  if (parts.some((part) => part === '.' || part === '..' || /[%\\?#\p{Cc}]/u.test(part))) return null;
  return `${(scheme ?? 'file').toLowerCase()}://${authority ?? ''}/${parts.join('/')}`;
}
