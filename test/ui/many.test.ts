/** 10,000 actors: few rows in the document, and 100 changes in much less than a frame. */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launch, painted, picture, see, type Seen } from './browser.ts';
import { manyRows, NONE } from './sample-tree.ts';

let browser: Browser;
let seen: Seen;
beforeAll(async () => {
  browser = await launch();
  seen = await see(browser, { rows: manyRows(10_000) });
});
afterAll(async () => {
  await seen.close();
  await browser.close();
});

describe('10,000 actors', () => {
  test('crowds are folded at first; unfolded, only what is seen is in the document', async () => {
    const { page } = seen;
    expect(await page.getByText('10,000 actors').count()).toBe(1);
    expect(await page.locator('.tree .row').count()).toBe(11);
    await page.getByRole('tree').focus();
    // from below, so that those above stay where they are
    for (let shard = 10; shard >= 1; shard -= 1) {
      await page.keyboard.press('Home');
      for (let down = 0; down < shard; down += 1) await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowRight');
      await painted(page);
    }
    const height = await page.locator('.tree-body').evaluate((body) => body.clientHeight);
    expect(height).toBe(10_000 * 26);
    expect(await page.locator('.tree .row').count()).toBeLessThan(80);
    await page.keyboard.press('End');
    await painted(page);
    const last = page.getByRole('treeitem').filter({ hasText: 'session 9-997' });
    expect(await last.getAttribute('aria-selected')).toBe('true');
    expect(await last.getAttribute('aria-setsize')).toBe('998');
    expect(await page.locator('.drawing .mark').count()).toBeLessThan(700);
    await picture(page, 'many');
  });

  test('an update of 100 rows is drawn; its time is printed (figure: 16 ms)', async () => {
    const { page, fake } = seen;
    await page.evaluate(() => {
      const long: number[] = [];
      Object.assign(window, { long });
      const observer = new PerformanceObserver((list) => {
        for (const { duration } of list.getEntries()) long.push(duration);
      });
      observer.observe({ type: 'longtask' });
    });
    const client = await page.context().newCDPSession(page);
    await client.send('Performance.enable');
    const busy = async (): Promise<number> => {
      const { metrics } = await client.send('Performance.getMetrics');
      const of = (name: string): number => metrics.find((metric) => metric.name === name)?.value ?? 0;
      return 1_000 * of('TaskDuration');
    };
    const rounds = 40;
    const run = async (each: (round: number) => void): Promise<number> => {
      const before = await busy();
      for (let round = 1; round <= rounds; round += 1) {
        each(round);
        await painted(page);
      }
      return ((await busy()) - before) / rounds;
    };
    const idle = await run(() => undefined);
    const update = await run((round) => {
      // those that are seen, and others
      fake.delta({
        changed: fake.rows.slice(-100).map(({ id }) => ({
          id,
          mailbox: { length: round, max: 1_000, dropped: 0 },
          rate: { ...NONE, in: round, handled: round },
        })),
      });
    });
    const last = page.getByRole('treeitem').filter({ hasText: 'session 9-997' });
    await last.getByText(`${rounds}`, { exact: true }).waitFor();
    const each = update - idle;
    console.log(`an update of 100 of 10,000 rows, with style, layout and paint: ${each.toFixed(1)} ms`);
    const long: number = await page.evaluate(() => (window as unknown as { long: number[] }).long.length);
    console.log(`tasks above 50 ms meanwhile: ${long}`);
    expect(seen.complaints).toEqual([]);
  });

  test('the table sorts them all', async () => {
    const { page, fake } = seen;
    await page.getByRole('tab', { name: 'Actors' }).click();
    await page.locator('.actor').nth(49).waitFor();
    fake.delta({ changed: [{ id: '<2.3.7>', mailbox: { length: 999, max: 1_000, dropped: 0 } }] });
    await expect.poll(() => page.locator('.actor').first().textContent()).toContain('session 3-7');
    await page.getByRole('button', { name: 'Actor', exact: true }).click();
    expect(await page.locator('.actor').first().textContent()).toContain('node');
    const names = await page.locator('.actor .name').allTextContents();
    expect(names[1]).toBe('session 0-0');
    expect(names[3]).toBe('session 0-2');
  });
});
