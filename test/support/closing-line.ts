import type { Reporter, TestCase, TestModule } from 'vitest/node';

/** A run that leaves out most tests was told to (`-t`): they are not all named. */
const maxNamed = 20;

/**
 * Closes a run with one plain line that any reader of logs understands: `N passed, N failed`. Before it stands, a line
 * each, what was skipped and why.
 */
class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const count = { passed: 0, failed: 0, skipped: 0 };
    const skips: string[] = [];
    for (const module of modules) {
      const tests = [...module.children.allTests()];
      for (const test of tests) {
        const { state } = test.result();
        if (state !== 'pending') count[state] += 1;
        else count.failed += 1;
        if (state === 'skipped') skips.push(`skipped: ${nameOf(test)}`);
      }
      // A file that does not load, or a hook that throws, fails without any test of its own.
      if (module.state() === 'failed' && !tests.some((test) => test.result().state === 'failed')) count.failed += 1;
    }
    count.failed += errors.length;
    const skipped = count.skipped > 0 ? `, ${count.skipped} skipped` : '';
    if (skips.length > maxNamed) skips.splice(maxNamed, skips.length, `skipped: ${skips.length - maxNamed} more`);
    process.stdout.write(
      `\n${skips.map((line) => `${line}\n`).join('')}${count.passed} passed, ${count.failed} failed${skipped}\n`,
    );
  }
}

/** In one line; a test that is skipped by a condition says in its title, or its suite's, why. */
function nameOf(test: TestCase): string {
  const result = test.result();
  const note = result.state === 'skipped' && result.note !== undefined ? ` (${result.note})` : '';
  return `${test.fullName}${note}`.replace(/\s+/g, ' ');
}

export default ClosingLine;
