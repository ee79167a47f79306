/** The tabs of the node's components in a real Chromium, over a scripted inspector. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launch, painted, picture, see, type Seen } from './browser.ts';
import { sampleRows, VIEWS, VIEWS_AT } from './sample-tree.ts';

let browser: Browser;
let seen: Seen | undefined;
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(async () => {
  await seen?.close();
  seen = undefined;
});

/** A copy of a sample, to be changed as a test likes. */
const copyOf = <Shape>(name: string): Shape => structuredClone(VIEWS[name]) as Shape;

interface Dist {
  peers: { rows: Record<string, unknown>[] };
}

async function open(tab: string, views: Readonly<Record<string, unknown>>, width = 1440): Promise<Seen> {
  seen = await see(browser, { rows: sampleRows(), views }, { viewport: { width, height: 900 } });
  seen.fake.viewsAt = VIEWS_AT;
  await seen.page.getByRole('tab', { name: tab }).click();
  await seen.page.locator(`#tab-${tab.toLowerCase()} .sections`).first().waitFor();
  return seen;
}

const part = (page: Page, title: string): Locator =>
  page.locator('.tab:not([hidden]) section.part').filter({ has: page.getByText(title, { exact: true }) });
const cells = (line: Locator): Promise<string[]> =>
  line.locator('td').evaluateAll((all) => all.map((cell) => cell.querySelector('bdi')?.textContent ?? ''));

describe('a table of a view', () => {
  test('keeps its rows when figures change: the same elements, the focus, what is open', async () => {
    const { page, fake } = await open('Dist', { dist: VIEWS['dist'] });
    const nodes = part(page, 'Nodes');
    const line = nodes.locator('tbody > tr').filter({ hasText: '9444@' });
    const more = line.getByRole('button');
    await more.focus();
    await page.keyboard.press('Enter');
    await nodes.getByText('Packets written').waitFor();
    await line.evaluate((element) => {
      (element as { mark?: string }).mark = 'the same';
    });
    const next = copyOf<Dist>('dist');
    Object.assign(next.peers.rows[1] ?? {}, { ticks: 77, written: 90_001 });
    // another one comes before it
    next.peers.rows.unshift({ ...next.peers.rows[0], node: 'aaa@first' });
    fake.views = { dist: next };
    await nodes.getByText('aaa@first').waitFor();
    expect((await cells(line))[6]).toBe('77');
    expect(await line.evaluate((element) => (element as { mark?: string }).mark)).toBe('the same');
    expect(await more.getAttribute('aria-expanded')).toBe('true');
    await nodes.getByText('90,001').waitFor();
    expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe(
      'More of 9444@127.0.0.1',
    );
    next.peers.rows.pop();
    await nodes.getByText('9444@127.0.0.1').waitFor({ state: 'detached' });
    expect(await nodes.getByText('Packets written').count()).toBe(0);
  });

  test('has columns that stand still while figures grow', async () => {
    const { page, fake } = await open('Dist', { dist: VIEWS['dist'] });
    const places = (): Promise<number[]> =>
      part(page, 'Nodes')
        .locator('th')
        .evaluateAll((all) => all.map((cell) => cell.getBoundingClientRect().left));
    const before = await places();
    const next = copyOf<Dist>('dist');
    Object.assign(next.peers.rows[0] ?? {}, {
      ticks: 132,
      calls: 41,
      relations: 1_204,
      bytesOut: 1_047_000,
    });
    fake.views = { dist: next };
    await part(page, 'Nodes').getByText('1,204').waitFor();
    expect(await places()).toEqual(before);
    expect(before.length).toBe(10);
  });

  test('opens by key and by click, and a part folds by key', async () => {
    const { page } = await open('DHT', { dht: VIEWS['dht'] });
    const lookups = part(page, 'Last lookups');
    const more = lookups.getByRole('button', { name: 'More of 4 s ago' });
    await more.focus();
    await page.keyboard.press('Space');
    await lookups.getByText('not waited for').waitFor();
    await page.keyboard.press('Space');
    expect(await lookups.getByText('not waited for').count()).toBe(0);
    await lookups.locator('tr', { hasText: 'orders.submit' }).click();
    await lookups.getByText('not waited for').waitFor();
    const fold = lookups.getByRole('button', { name: 'Last lookups' });
    await fold.focus();
    await page.keyboard.press('Enter');
    expect(await lookups.locator('table').first().isVisible()).toBe(false);
    expect(await fold.getAttribute('aria-expanded')).toBe('false');
    await page.keyboard.press('Enter');
    expect(await lookups.getByText('not waited for').isVisible()).toBe(true);
  });

  test('that is empty is one line of words', async () => {
    const none = { rows: [], more: 0 };
    const dht = {
      joined: true,
      alone: true,
      unreachableFor: null,
      table: { contacts: 0, capacity: 20, buckets: none, known: none, lost: 0, failing: 0 },
      records: { records: 0, bytes: 0, marks: 0, refused: 0, kept: none },
      lookups: { begun: 0, running: 0, dropped: 0, last: none },
    };
    const { page } = await open('DHT', { dht });
    await page.getByText('No record is kept here.').waitFor();
    await page.getByText('No lookup has ended since the start.').waitFor();
    expect(await page.locator('.tab:not([hidden]) table:visible').count()).toBe(0);
    const parts = await page.locator('.tab:not([hidden]) .empty-part').all();
    expect(parts.length).toBe(4);
    for (const empty of parts) expect((await empty.boundingBox())?.height).toBeLessThan(30);
    await picture(page, 'dht-empty');
  });
});

describe('what counts down', () => {
  test('does so without the node, and stands still while the page is paused', async () => {
    const { page, fake } = await open('DHT', { dht: VIEWS['dht'] });
    const left = part(page, 'Records kept for others').locator('[data-ends]').first();
    await left.waitFor();
    const seconds = async (): Promise<number> =>
      ((await left.textContent()) ?? '').split(':').reduce((all, each) => 60 * all + Number(each), 0);
    // nothing more comes, and time passes as the test says
    fake.refuse = 503;
    await page.clock.install();
    const first = await seconds();
    await page.clock.runFor(20_000);
    await expect.poll(seconds).toBeLessThan(first - 15);
    await page.keyboard.press('p');
    await page.getByText('Paused: the node is not asked for anything.').waitFor();
    const paused = await seconds();
    await page.clock.runFor(60_000);
    await painted(page);
    expect(await seconds()).toBe(paused);
  });
});

describe('the tabs of components', () => {
  test('say in words which step won and how long the ones that failed took', async () => {
    const { page } = await open('Peers', { peers: VIEWS['peers'] });
    const ways = part(page, 'Ways to peers');
    const line = ways.locator('tbody > tr').first();
    expect(await line.textContent()).toContain('direct ✕ 3.0 s');
    await line.click();
    await ways.getByText('nobody answered').waitFor();
    await picture(page, 'peers-ways');
    expect(await ways.locator('.lane').count()).toBe(4);
    // a state is never color alone
    const states = await part(page, 'Connections')
      .locator('.track')
      .evaluateAll((all) => all.map((each) => each.nextElementSibling?.textContent));
    expect(states).toEqual(['ready', 'ready', 'ready', 'ready, silent', 'hello']);
  });

  test('fit a narrow window: tables scroll in their boxes, the page does not', async () => {
    const { page } = await open('Peers', VIEWS, 700);
    for (const tab of ['Peers', 'DHT', 'Relay', 'Dist', 'RPC']) {
      await page.getByRole('tab', { name: tab }).click();
      await page.locator('.tab:not([hidden]) .sections .part').first().waitFor();
      await painted(page);
      const wide = await page
        .locator('.tab:not([hidden])')
        .evaluate((element) => element.scrollWidth > element.clientWidth);
      expect(wide, tab).toBe(false);
      await picture(page, `narrow-${tab.toLowerCase()}`);
    }
  });

  test('show what they do not know of a view, and are not drawn anew when the line comes back', async () => {
    const { page, fake } = await open('Relay', { relay: { ...copyOf<object>('relay'), fromTheFuture: 42 } });
    await page.getByText('from the future').waitFor();
    const heading = page.locator('.part-head');
    await heading.evaluate((element) => {
      (element as { mark?: string }).mark = 'the same';
    });
    await fake.stop();
    await page.locator('.banner.shown').waitFor();
    await fake.start();
    await page.locator('.line-state[data-state=live]').waitFor();
    await painted(page);
    expect(await heading.evaluate((element) => (element as { mark?: string }).mark)).toBe('the same');
  });
});
