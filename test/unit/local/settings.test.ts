import { describe, expect, it } from 'vitest';
import { clusterSettings, renderFlinkConfig, sqlGatewaySettings } from '../../../src/local/flink.ts';
import { dataFolders } from '../../../src/local/folders.ts';
import { createClusterId, renderKafkaConfig } from '../../../src/local/kafka.ts';

const folders = dataFolders('/data/my sluice');
const ports = { kafka: 1001, kafkaController: 1002, flinkRest: 1003, flinkRpc: 1004, sqlGateway: 1005 };

describe('the settings of Kafka', () => {
  const lines = renderKafkaConfig(folders, ports).split('\n');

  it('listen on the loopback address only', () => {
    expect(lines).toContain('listeners=PLAINTEXT://127.0.0.1:1001,CONTROLLER://127.0.0.1:1002');
    expect(lines).toContain('advertised.listeners=PLAINTEXT://127.0.0.1:1001');
    expect(lines).toContain('controller.quorum.voters=1@127.0.0.1:1002');
  });

  it('keep the log in the data folder and make no topic by accident', () => {
    expect(lines).toContain('log.dirs=/data/my sluice/kafka');
    expect(lines).toContain('auto.create.topics.enable=false');
  });

  it('keep backslashes, which properties files take for escapes', () => {
    expect(renderKafkaConfig({ ...folders, kafka: 'C:\\data\\kafka' }, ports)).toContain(
      'log.dirs=C:\\\\data\\\\kafka\n',
    );
  });

  it('identify a cluster by 16 bytes in URL-safe base64', () => {
    expect(createClusterId()).toMatch(/^[A-Za-z0-9_][A-Za-z0-9_-]{21}$/);
  });
});

describe('the settings of Flink', () => {
  it('bind everything to the loopback address', () => {
    const settings = { ...clusterSettings(folders, ports), ...sqlGatewaySettings(folders, ports) };
    const addresses = Object.entries(settings).filter(([name]) => /(address|host)$/.test(name));
    expect(addresses.length).toBeGreaterThan(6);
    expect(new Set(addresses.map(([, value]) => value))).toEqual(new Set(['127.0.0.1']));
  });

  it('let no page of another origin read the answers of the REST APIs', () => {
    const origin = { 'web.access-control-allow-origin': 'http://127.0.0.1:1003' };
    expect(clusterSettings(folders, ports)).toMatchObject(origin);
    expect(sqlGatewaySettings(folders, ports)).toMatchObject(origin);
  });

  it('give the SQL Gateway no port to bind but its own', () => {
    const settings = sqlGatewaySettings(folders, ports);
    expect(settings).not.toHaveProperty('rest.bind-port');
    expect(settings).toMatchObject({ 'rest.port': 1003, 'sql-gateway.endpoint.rest.port': 1005 });
  });

  it('keep checkpoints when a job is cancelled, in the data folder', () => {
    expect(sqlGatewaySettings(folders, ports)).toMatchObject({
      'execution.checkpointing.dir': 'file:///data/my sluice/flink/checkpoints',
      'execution.checkpointing.externalized-checkpoint-retention': 'RETAIN_ON_CANCELLATION',
    });
  });

  it('are written as YAML in which text stays text', () => {
    expect(renderFlinkConfig({ 'a.b': 'x: #y', 'c.d': 5, e: true })).toBe(
      '# Written at each start.\na.b: "x: #y"\nc.d: 5\ne: true\n',
    );
  });
});
