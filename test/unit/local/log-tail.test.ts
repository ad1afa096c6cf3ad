import { appendFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { faultSince, findFault, logSize } from '../../../src/local/log-tail.ts';
import { useTempDir } from '../../support/temp-dir.ts';

const bindFault = `2026-11-21T14:31:15,190 INFO  o.a.k.Server - starting
2026-11-21T14:31:15,194 ERROR o.a.k.Handler - Encountered fatal fault: caught exception
java.lang.RuntimeException: Unable to start acceptor
\tat kafka.Server.start(Server.java:1)
Caused by: org.apache.kafka.common.KafkaException: Socket server failed to bind to 127.0.0.1:9092
\t... 3 more
Caused by: java.net.BindException: Address already in use
\tat java.base/sun.nio.ch.Net.bind0(Native Method)
`;

describe('findFault', () => {
  it('takes the innermost cause of the last error', () => {
    expect(findFault(bindFault)).toBe('java.net.BindException: Address already in use');
  });

  it('takes the exception where there is no cause', () => {
    const text = '2026 ERROR a - it failed\njava.lang.IllegalStateException: no disk\n\tat a.b(c)\n2026 INFO  a - bye';
    expect(findFault(text)).toBe('java.lang.IllegalStateException: no disk');
  });

  it('takes what the JVM itself says', () => {
    const text = 'Error: Could not find or load main class kafka.Kafka\n';
    expect(findFault(text)).toBe('Error: Could not find or load main class kafka.Kafka');
  });

  it('finds none in a log without an error', () => {
    expect(findFault('2026 INFO  a - hello\n2026 WARN  a - hm\n')).toBeNull();
    expect(findFault('')).toBeNull();
  });
});

describe('faultSince', () => {
  const temp = useTempDir();

  it('passes over the faults of earlier runs', async () => {
    const log = join(temp.path, 'kafka.log');
    expect(await logSize(log)).toBe(0);
    await writeFile(log, bindFault);
    const size = await logSize(log);
    expect(await faultSince(log, size)).toBeNull();
    await appendFile(log, 'Error: another one\n');
    expect(await faultSince(log, size)).toBe('Error: another one');
  });

  it('reads a log from its beginning after it was rolled over', async () => {
    const log = join(temp.path, 'kafka.log');
    await writeFile(log, 'Error: short\n');
    expect(await faultSince(log, 1_000_000)).toBe('Error: short');
  });
});
