/** A secret of a real node is nowhere in its page: not in what is drawn, stored or loaded (SECURITY §12). */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launch, painted, picture } from './browser.ts';

const SECRET = 'canary-77d0c41b';

/** What is used of a node: the types of the sources and those of a browser do not go together. */
interface Started {
  readonly inspector?: { readonly url: string; readonly token: string };
  advertise(name: string, handler: () => never): Promise<unknown>;
  tryCall(name: string, args: object): Promise<unknown>;
  close(): Promise<void>;
}

const vault = {
  label: 'vault',
  init: (given: object) => ({ given, [SECRET]: SECRET, map: new Map([[SECRET, SECRET]]) }),
};

let browser: Browser;
let node: Started;
beforeAll(async () => {
  process.env['ESPALIER_TEST_SECRET'] = SECRET;
  browser = await launch();
  // as it was built: the page is there only
  const [index, otp] = ['../../dist/src/index.js', '../../dist/src/otp.js'];
  const { startNode } = (await import(index)) as {
    startNode: (options: object) => Promise<Started>;
  };
  const { worker } = (await import(otp)) as {
    worker: (id: string, server: object, args: unknown) => object;
  };
  node = await startNode({
    listen: '127.0.0.1:0',
    logLevel: 'silent',
    inspector: { actions: true },
    children: [worker('vault', vault, { password: SECRET })],
  });
});
afterAll(async () => {
  await browser.close();
  await node.close();
  delete process.env['ESPALIER_TEST_SECRET'];
});

test('whatever tab is open, whoever is chosen, and after a crash', async () => {
  await node.advertise('leak.throws', () => {
    throw Object.assign(new Error(SECRET, { cause: SECRET }), { name: SECRET, code: SECRET });
  });
  const page = await browser.newPage();
  const loaded: Promise<string>[] = [];
  page.on('response', (response) => {
    // a stream has no end
    if (!response.url().includes('/api/stream')) loaded.push(response.text().catch(() => ''));
  });
  await page.goto(node.inspector?.url ?? '');
  await page.locator('.line-state[data-state=live]').waitFor();
  for (let n = 0; n < 3; n += 1) await node.tryCall('leak.throws', { password: SECRET });
  const seen: string[] = [];
  const look = async (): Promise<void> => {
    await painted(page);
    seen.push(await page.content(), await page.evaluate(() => JSON.stringify(localStorage)));
  };
  await page
    .getByRole('treeitem', { name: /^vault\b/ })
    .first()
    .click();
  await look();
  for (const tab of ['Actors', 'Crashes', 'RPC', 'DHT', 'Peers', 'Trace', 'Logs', 'Tree']) {
    await page.getByRole('tab', { name: tab }).click();
    await look();
  }
  await picture(page, 'canary');
  const all = [...seen, ...(await Promise.all(loaded))].join('\n');
  expect(all).toContain('vault');
  expect(all).toContain('leak.throws');
  expect(all).not.toContain(SECRET);
  expect(all).not.toContain(node.inspector?.token);
  await page.close();
});
