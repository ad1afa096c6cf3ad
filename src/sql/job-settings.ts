import { SluiceError } from '#errors';

/** Settings that a job may have: what tunes the job itself, and nothing of the cluster, of code or of files. */
const prefixes: readonly string[] = [
  'table.exec.',
  'table.optimizer.',
  'restart-strategy.',
  'execution.checkpointing.unaligned.',
  'pipeline.operator-chaining.',
  'pipeline.watermark-alignment.',
];
const names: ReadonlySet<string> = new Set([
  'execution.buffer-timeout.enabled',
  'execution.buffer-timeout.interval',
  'execution.checkpointing.aligned-checkpoint-timeout',
  'execution.checkpointing.checkpoints-after-tasks-finish',
  'execution.checkpointing.incremental',
  'execution.checkpointing.interval',
  'execution.checkpointing.interval-during-backlog',
  'execution.checkpointing.max-concurrent-checkpoints',
  'execution.checkpointing.min-pause',
  'execution.checkpointing.mode',
  'execution.checkpointing.timeout',
  'execution.checkpointing.tolerable-failed-checkpoints',
  'execution.checkpointing.unaligned',
  'execution.runtime-mode',
  'execution.state-recovery.ignore-unclaimed-state',
  'pipeline.auto-watermark-interval',
  'pipeline.generic-types',
  'pipeline.max-parallelism',
  'pipeline.object-reuse',
  'restart-strategy',
  'state.backend.incremental',
  'state.backend.type',
  'table.column-expansion-strategy',
  'table.local-time-zone',
]);
/** Settings for which Flink also takes the name of a class. */
const choices: Readonly<Record<string, readonly string[]>> = {
  'restart-strategy': ['none', 'disable', 'fixed-delay', 'failure-rate', 'exponential-delay'],
  'restart-strategy.type': ['none', 'disable', 'fixed-delay', 'failure-rate', 'exponential-delay'],
  'state.backend.type': ['hashmap', 'rocksdb', 'forst'],
};
const instead: Readonly<Record<string, string>> = {
  'pipeline.name': 'Give the name as "name".',
  'parallelism.default': 'Give it as "parallelism".',
  'execution.state-recovery.path': 'Give it as "startFrom".',
  'execution.savepoint.path': 'Give it as "startFrom".',
};
const maxLength = 1000;

/** Throws SQL_NOT_ALLOWED (details: setting) for a setting that a submitted job may not have. */
export function checkJobSettings(settings: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(settings)) {
    const reason = refuse(name, value);
    if (reason) throw new SluiceError('SQL_NOT_ALLOWED', reason, { details: { setting: name } });
  }
}

function refuse(name: string, value: string): string | null {
  const other = instead[name];
  if (other) return `The setting "${name}" is not one of "settings". ${other}`;
  if (!names.has(name) && !prefixes.some((prefix) => name.startsWith(prefix))) {
    return `The setting "${name}" is not allowed for a job. Allowed are ${[...prefixes.map((prefix) => `${prefix}*`), ...names].join(', ')}.`;
  }
  if (value.length > maxLength) return `The setting "${name}" is longer than ${maxLength} characters.`;
  const allowed = choices[name];
  if (allowed && !allowed.includes(value)) {
    return `The setting "${name}" is "${value}". Allowed are ${allowed.join(', ')}.`;
  }
  return /:\/\/|^\s*file:/i.test(value) ? `The setting "${name}" is a path or an address, and none is allowed.` : null;
}
