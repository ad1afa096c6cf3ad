import { SluiceError } from '#errors';

const waysOut = [
  'Ways out:',
  '  - install Java 17 or later and Maven (Debian, Ubuntu: apt install openjdk-17-jdk-headless maven; macOS: brew install openjdk maven), or set JAVA_HOME;',
  '  - or use clusters that run already: set KAFKA_BROKERS, FLINK_REST_URL and FLINK_SQL_GATEWAY_URL;',
  '  - or run everything in containers: docker compose up.',
].join('\n');

/** An error of the local stack: what is wrong and what to do about it. */
export function localFault(message: string, cause?: unknown): SluiceError {
  return new SluiceError('LOCAL_STACK', message, cause === undefined ? {} : { cause });
}

/** The same, for what the machine lacks: lists the ways to do without. */
export function missingPart(message: string, cause?: unknown): SluiceError {
  return localFault(`${message}\n${waysOut}`, cause);
}

/** The system's code of an error (`ENOENT`, `EADDRINUSE`, …), if it has one. */
export function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : undefined;
}
