import chromium from '@sparticuz/chromium';
import { type Page, chromium as playwright } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { startGateway } from '../support/gateway.ts';

/** What a page keeps of its EventSource for the test to look at. */
interface Watched {
  readonly names: string[];
  readonly errors: string[];
  readonly events: string[];
  readonly source: EventSource;
}
declare const window: { watched: Watched };

/** Opens an EventSource in the page, as an application would, which never closes it. */
async function watch(page: Page, query: string): Promise<void> {
  await page.evaluate((document) => {
    const source = new EventSource(`/graphql?query=${encodeURIComponent(document)}`);
    const watched: Watched = { names: [], errors: [], events: [], source };
    window.watched = watched;
    source.addEventListener('next', ({ data }) => {
      const answer = JSON.parse(data);
      watched.events.push('next');
      watched.names.push(...(answer.data?.things.nodes ?? []).map(({ name }: { name: string }) => name));
      watched.errors.push(
        ...(answer.errors ?? []).map((error: { extensions: { code: string } }) => error.extensions.code),
      );
    });
    source.addEventListener('complete', () => watched.events.push('complete'));
  }, query);
}

const closed = 2;
const namesIn = (page: Page) => page.evaluate(() => window.watched.names);
const stateOf = (page: Page) => page.evaluate(() => window.watched.source.readyState);

describe('an EventSource in a real browser', () => {
  it('goes on by itself after the gateway was restarted, and stays away after the end', async () => {
    await using schema = await declare({
      'a.graphql': `type Thing @stream(topic: "${uniqueName('things')}", plural: "things") { name: String! }`,
    });
    const settings = { schema: schema.folder, env: { SLUICE_CURSOR_SECRET: 'the same for both and long enough' } };
    await using first = await startGateway(settings);
    const produce = (...names: string[]) =>
      post(first.url, 'mutation ($events: [ThingInput!]!) { produceThings(events: $events) { before } }', {
        events: names.map((name) => ({ name })),
      });
    const browser = await playwright.launch({
      args: chromium.args,
      executablePath: await chromium.executablePath(),
      headless: true,
    });
    try {
      const page = await browser.newPage();
      await page.goto(new URL('/health/live', first.url).href);
      await watch(page, 'subscription { things { nodes { name } } }');
      await page.waitForFunction(() => window.watched.events.length > 0);
      await produce('a', 'b');
      await expect.poll(() => namesIn(page)).toHaveLength(2);
      expect(await first.stop()).toBe(0);
      expect(await page.evaluate(() => window.watched.events)).not.toContain('complete');

      await using second = await startGateway({ ...settings, args: ['--port', new URL(first.url).port] });
      expect(second.url).toBe(first.url);
      await produce('c', 'd');
      await expect.poll(() => namesIn(page)).toHaveLength(4);
      expect((await namesIn(page)).toSorted()).toEqual(['a', 'b', 'c', 'd']);
      await page.evaluate(() => window.watched.source.close());

      await watch(
        page,
        'subscription { things(from: { earliest: true }, until: { latest: true }) { nodes { name } } }',
      );
      await expect.poll(() => stateOf(page)).toBe(closed);
      expect((await namesIn(page)).toSorted()).toEqual(['a', 'b', 'c', 'd']);

      await watch(page, 'subscription { things(after: "nonsense") { nodes { name } } }');
      await expect.poll(() => stateOf(page)).toBe(closed);
      expect(await page.evaluate(() => window.watched.errors)).toEqual(['BAD_CURSOR']);
    } finally {
      await browser.close();
    }
  });
});
