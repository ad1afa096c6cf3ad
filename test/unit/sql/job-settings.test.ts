import { describe, expect, test } from 'vitest';
import { checkJobSettings } from '#sql';

describe('the settings of a submitted job', () => {
  test.each([
    ['table.exec.state.ttl', '1 d'],
    ['execution.checkpointing.interval', '10 s'],
    ['restart-strategy.fixed-delay.attempts', '3'],
    ['restart-strategy.type', 'fixed-delay'],
    ['state.backend.type', 'rocksdb'],
    ['pipeline.object-reuse', 'true'],
    ['table.local-time-zone', 'Europe/Berlin'],
  ])('may tune it: %s', (name, value) => {
    expect(() => checkJobSettings({ [name]: value })).not.toThrow();
  });

  test.each([
    ['pipeline.jars', 'file:///x.jar', 'is not allowed for a job'],
    ['pipeline.classpaths', 'x', 'is not allowed for a job'],
    ['$internal.pipeline.job-id', 'x', 'is not allowed for a job'],
    ['execution.checkpointing.dir', '/x', 'is not allowed for a job'],
    ['table.sql-dialect', 'hive', 'is not allowed for a job'],
    ['table.resources.download-dir', '/x', 'is not allowed for a job'],
    ['classloader.resolve-order', 'parent-first', 'is not allowed for a job'],
    ['state.backend.type', 'x.Factory', 'Allowed are hashmap'],
    ['restart-strategy', 'x.Factory', 'Allowed are none'],
    ['parallelism.default', '2', 'as "parallelism"'],
    ['pipeline.name', 'x', 'as "name"'],
    ['table.exec.x', 's3://bucket', 'a path or an address'],
    ['table.exec.x', 'x'.repeat(2000), 'longer than'],
  ])('may be no more than that: %s', (name, value, reason) => {
    expect(() => checkJobSettings({ 'pipeline.object-reuse': 'true', [name]: value })).toThrow(
      expect.objectContaining({
        code: 'SQL_NOT_ALLOWED',
        message: expect.stringContaining(reason),
        details: { setting: name },
      }),
    );
  });
});
