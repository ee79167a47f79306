/** Pictures of every tab in light and dark, kept as `build/ui/*.png` for people to look at. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, painted, picture, see, type Seen } from './browser.ts';
import { NONE, crash, NOW, sampleRows, VIEWS, VIEWS_AT } from './sample-tree.ts';

let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());

const CRASHES = [
  crash('47bea579724570e0', 'counter', { at: NOW - 65_000, reason: 'TypeError', restarts: 1 }),
  crash('9b2c11f02d5e77aa', 'mailer', {
    at: NOW - 340_000,
    reason: 'Error: ECONNREFUSED',
    decision: 'given_up',
    restarts: 5,
  }),
  crash('0d83c6412b9914fe', 'invocation', {
    at: NOW - 900_000,
    path: ['node', 'handlers', 'weather.report'],
    reason: 'killed',
    decision: 'not_restarted',
    stack: [],
    cause: [],
    restarts: 0,
  }),
];

/** The row of a tab that is opened. */
const OPENED: Readonly<Record<string, string>> = {
  RPC: 'weather.report',
  DHT: 'orders.submit',
  Peers: 'hole punch ✓',
  Dist: 'shop@erlang.example',
};

/** Something happens, so that there is a curve. */
async function busy({ fake, page }: Seen): Promise<void> {
  for (let beat = 0; beat < 60; beat += 1) {
    const rows = fake.rows.filter(({ rate }) => rate.in > 0);
    const swing = 1 + 0.35 * Math.sin(beat / 5) + 0.1 * Math.sin(beat * 1.7);
    fake.delta({
      changed: rows.map((row) => {
        const now = Number(
          (
            row.rate.in *
            (beat === 0
              ? 1
              : swing / (1 + 0.35 * Math.sin((beat - 1) / 5) + 0.1 * Math.sin((beat - 1) * 1.7)))
          ).toFixed(1),
        );
        return { id: row.id, rate: { ...NONE, in: now, out: 1.3 * now, handled: now } };
      }),
    });
    await painted(page);
  }
}

for (const colorScheme of ['light', 'dark'] as const) {
  describe(`the page in ${colorScheme}`, () => {
    let seen: Seen;
    beforeAll(async () => {
      const script = { rows: sampleRows(), crashes: CRASHES, views: VIEWS, actions: true };
      seen = await see(browser, script, { colorScheme });
      seen.fake.viewsAt = VIEWS_AT;
    });
    afterAll(() => seen.close());

    test('has a ground of that kind, and nothing to complain of', async () => {
      const { page } = seen;
      const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const [red = 0] = (ground.match(/\d+/g) ?? []).map(Number);
      expect(red > 128).toBe(colorScheme === 'light');
      await page.getByRole('treeitem').filter({ hasText: 'calculator.compute' }).click();
      await busy(seen);
      await picture(page, `tree-${colorScheme}`);
      for (const tab of ['Actors', 'Crashes', 'RPC', 'DHT', 'Peers', 'Relay', 'Dist', 'Trace', 'Logs']) {
        await page.getByRole('tab', { name: tab }).click();
        const part = page.locator(`#tab-${tab.toLowerCase()}`);
        const row = OPENED[tab];
        if (row !== undefined) await part.locator('tr', { hasText: row }).first().click();
        if (tab === 'Logs') {
          for (const [index, level] of ['info', 'warn', 'error', 'debug', 'info'].entries()) {
            seen.fake.send('log', {
              level,
              time: NOW + index * 137,
              event: ['rpc.completed', 'peer.suspect', 'actor.crash', 'rpc.call', 'path.changed'][index],
              fields: { procedure: 'orders.submit', route: 'cache', outcome: 'ok', ms: 1.4 + index },
            });
          }
          await page.locator('.log-line').nth(4).waitFor();
        }
        await picture(page, `${tab.toLowerCase()}-${colorScheme}`);
      }
      expect(seen.complaints).toEqual([]);
    });
  });
}
