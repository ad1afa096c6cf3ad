import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkStatePath } from '../../../src/jobs/restore-paths.ts';

const directories = ['file:///data/savepoints', 's3://bucket/checkpoints/'];

describe('a path from a client', () => {
  test.each([
    ['file:/data/savepoints/savepoint-1', 'file:///data/savepoints/savepoint-1'],
    ['/data/savepoints//savepoint-1/', 'file:///data/savepoints/savepoint-1'],
    ['FILE:///data/savepoints/a/b', 'file:///data/savepoints/a/b'],
    ['s3://bucket/checkpoints/job/chk-1', 's3://bucket/checkpoints/job/chk-1'],
  ])('%s is taken, in one spelling', (path, url) => {
    expect(checkStatePath(path, directories)).toBe(url);
  });

  test.each([
    '/data/savepoints',
    '/data/savepoints/../../etc/passwd',
    '/data/savepoints/%2e%2e/x',
    '/data/savepoints-other/x',
    'file://elsewhere/data/savepoints/x',
    's3://other/checkpoints/x',
    's3:/bucket/checkpoints/x',
    'data/savepoints/x',
    'jar:file:/data/savepoints/x',
    '',
  ])('"%s" is refused', (path) => {
    expect(() => checkStatePath(path, directories)).toThrow(expect.objectContaining({ code: 'BAD_INPUT' }));
  });

  test('never leads out of the directories', () => {
    const part = fc.constantFrom('..', '.', 'a', '', '%2e%2e', '\\..', '?', 'savepoints');
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        let url: URL;
        try {
          url = new URL(checkStatePath(`/data/savepoints/${parts.join('/')}`, directories));
        } catch {
          return;
        }
        expect(url.pathname).toMatch(/^\/data\/savepoints\/./);
      }),
    );
  });
});
