import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/**
 * The whole suite, as `npm test` runs it. The unit tests first; then the integration tests and the fault tests at the
 * same time, each lane one file after the other: they have clusters of their own, and spend most of their time waiting
 * for them. Closes with what was skipped and why, and `N passed, N failed` over all.
 */

/** What a lane came to, by its closing line. */
interface Outcome {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** A line for each skipped test, with the reason. */
  readonly skips: readonly string[];
}

const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
const colors = process.stdout.isTTY ? { FORCE_COLOR: '1' } : {};

/** Runs one lane; what it prints is shown as it comes, or when it is over. */
async function runLane(lane: string, isShownAtOnce: boolean): Promise<Outcome> {
  const child = spawn(
    process.execPath,
    [vitest, 'run', '--passWithNoTests', '--project', lane, ...process.argv.slice(2)],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...colors },
    },
  );
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      printed.push(chunk);
      if (isShownAtOnce) process.stdout.write(chunk);
    });
  }
  const [code] = await once(child, 'close');
  if (!isShownAtOnce) process.stdout.write(Buffer.concat(printed));
  return toOutcome(Buffer.concat(printed).toString(), code);
}

/** A lane that ends badly without a failed test to show for it counts as one. */
function toOutcome(output: string, code: unknown): Outcome {
  const [, passed = 0, failed = 0, skipped = 0] =
    [...output.matchAll(/^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$/gm)].at(-1)?.map(Number) ?? [];
  const skips = output.match(/^skipped: .*$/gm) ?? [];
  return { passed, failed: code !== 0 && failed === 0 ? 1 : failed, skipped: skipped || 0, skips };
}

const outcomes = [await runLane('unit', true)];
outcomes.push(...(await Promise.all([runLane('integration', true), runLane('fault', false)])));
const total = (what: Exclude<keyof Outcome, 'skips'>) => outcomes.reduce((sum, outcome) => sum + outcome[what], 0);
const skipped = total('skipped') > 0 ? `, ${total('skipped')} skipped` : '';
const skips = outcomes.flatMap((outcome) => outcome.skips.map((line) => `${line}\n`)).join('');
process.stdout.write(`\nAll lanes:\n${skips}${total('passed')} passed, ${total('failed')} failed${skipped}\n`);
process.exit(total('failed') > 0 ? 1 : 0);
