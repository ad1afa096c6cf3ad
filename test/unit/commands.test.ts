import { buildSchema, parse } from 'graphql';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '#config';
import { type DeclarationCommand, runCommand } from '../../src/commands.ts';

const schema = new URL('../../schema', import.meta.url).pathname;

async function run(command: DeclarationCommand, environment: Record<string, string> = {}): Promise<string> {
  const printed: string[] = [];
  const context = { env: {}, logger: pino({ level: 'silent' }), print: (text: string) => void printed.push(text) };
  expect(await runCommand(command, loadConfig(environment, [command, '--schema', schema]), context)).toBe(0);
  return printed.join('\n');
}

describe('the command print-schema', () => {
  it('prints the schema that a gateway serves, without connecting to anything', async () => {
    const text = await run('print-schema');
    expect(() => parse(text)).not.toThrow();
    expect(Object.keys(buildSchema(text).getSubscriptionType()?.getFields() ?? {})).toContain('userClicks');
  });
});

describe('the command ddl', () => {
  it('prints a script of Flink SQL, with the brokers that Flink is to use', async () => {
    const flink = {
      FLINK_REST_URL: 'http://f:1',
      FLINK_SQL_GATEWAY_URL: 'http://f:2',
      FLINK_KAFKA_BROKERS: 'inside:9092',
    };
    const text = await run('ddl', { KAFKA_BROKERS: 'outside:9092', ...flink });
    const statements = text.split(/;\n+/);
    expect(statements[0]).toBe("SET 'table.local-time-zone' = 'UTC'");
    expect(text).toContain('CREATE TABLE IF NOT EXISTS `source`.`user_clicks`');
    expect(text).toContain("'properties.bootstrap.servers' = 'inside:9092'");
    expect(text).not.toContain('outside');
  });
});
