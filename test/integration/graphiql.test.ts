import chromium from '@sparticuz/chromium';
import { chromium as playwright } from 'playwright-core';
import { describe, expect, it } from 'vitest';
import { post } from '../support/client.ts';
import { declare, uniqueName } from '../support/declarations.ts';
import { openOwnGateway } from '../support/gateway.ts';

describe('GraphiQL in a real browser', () => {
  it('loads without a request to any other host, and shows the rows of a subscription', async () => {
    const schemaText = `"Something." type Thing @stream(topic: "${uniqueName('things')}", plural: "things") { name: String! }`;
    await using schema = await declare({ 'a.graphql': schemaText });
    await using gateway = await openOwnGateway({ schema: schema.folder });
    const browser = await playwright.launch({
      args: chromium.args,
      executablePath: await chromium.executablePath(),
      headless: true,
    });
    try {
      const page = await browser.newPage();
      const foreign: string[] = [];
      const problems: string[] = [];
      page.on('request', (request) => {
        const { protocol, host } = new URL(request.url());
        if (protocol.startsWith('http') && host !== new URL(gateway.url).host) foreign.push(request.url());
      });
      page.on('pageerror', (error) => problems.push(error.message));
      await page.goto(gateway.url);
      await page.getByText('Watch', { exact: false }).first().waitFor();
      await page.locator('button.graphiql-execute-button').click();
      // The first page of the subscription is there: what is produced now must arrive in the page.
      await page.getByText('endCursor').nth(1).waitFor();
      await post(gateway.url, 'mutation { produceThings(events: { name: "seen-in-the-browser" }) { before } }');
      await page.getByText('seen-in-the-browser').waitFor();
      expect(foreign).toEqual([]);
      expect(problems).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
