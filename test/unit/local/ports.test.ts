import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { choosePorts, isPortFree } from '../../../src/local/ports.ts';
import { listen } from '../../support/listen.ts';

describe('choosePorts', () => {
  it('refuses a port that was asked for and is taken, and says for what', async () => {
    await using taken = await listen(createServer());
    const choosing = choosePorts({ sqlGateway: taken.port });
    await expect(choosing).rejects.toMatchObject({ code: 'LOCAL_STACK' });
    await expect(choosing).rejects.toThrow(`Port ${taken.port}, asked for Flink's SQL Gateway, is in use.`);
  });

  it('takes free ones where any will do, and none twice', async () => {
    const ports = Object.values(await choosePorts({ kafka: 0, flinkRest: 0, sqlGateway: 0 }));
    expect(new Set(ports).size).toBe(5);
    for (const port of ports) expect(await isPortFree(port)).toBe(true);
  });
});
