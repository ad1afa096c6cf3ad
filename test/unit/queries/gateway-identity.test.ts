import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { createGatewayIdentity } from '../../../src/queries/gateway-identity.ts';

test('a process is gone when its id is free or another one has it, on the same host only', async () => {
  const identity = createGatewayIdentity();
  const own = JSON.parse(identity.text);
  expect(identity.isGone(identity.text)).toBe(false);
  expect(identity.isGone(createGatewayIdentity().text)).toBe(false);

  const child = spawn(process.execPath, ['--version'], { stdio: 'ignore' });
  await once(child, 'close');
  const ended = { ...own, pid: child.pid };
  expect(identity.isGone(JSON.stringify(ended))).toBe(true);
  expect(identity.isGone(JSON.stringify({ ...ended, host: 'elsewhere' }))).toBe(false);
  expect(identity.isGone(JSON.stringify({ ...ended, namespace: 'pid:[1]' }))).toBe(false);
  expect(identity.isGone(JSON.stringify({ ...own, start: '1' }))).toBe(true);
  expect(identity.isGone('somebody')).toBe(false);
});
