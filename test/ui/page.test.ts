/** The inspector's page in a real Chromium, over a scripted inspector. */
import type { Browser, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import type { ActorRow } from '../../src/inspect/page/wire.ts';
import { launch, painted, picture, see, type Seen } from './browser.ts';
import { crash, NONE, row, sampleRows } from './sample-tree.ts';

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

const item = (page: Page, name: string): Locator =>
  page.getByRole('treeitem').filter({ has: page.locator('.name', { hasText: new RegExp(`^${name}$`) }) });
const idOf = (rows: readonly ActorRow[], name: string): string =>
  rows.find((each) => each.name === name)?.id ?? '';
const names = (page: Page): Promise<string[]> =>
  page.evaluate(() =>
    [...document.querySelectorAll<HTMLElement>('.tree .row')]
      .map((line) => ({
        top: Number(/([\d.]+)px/.exec(line.style.transform)?.[1]),
        text: line.querySelector('.name')?.textContent ?? '',
      }))
      .sort((a, b) => a.top - b.top)
      .map(({ text }) => text),
  );

describe('the tree', () => {
  test('has the roles of a tree: level, place among siblings, open or folded', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page } = seen;
    const node = item(page, 'node');
    expect(await page.getByRole('tree').count()).toBe(1);
    expect(await node.getAttribute('aria-level')).toBe('1');
    expect(await node.getAttribute('aria-expanded')).toBe('true');
    const router = item(page, 'router');
    expect(await router.getAttribute('aria-level')).toBe('3');
    expect(await router.getAttribute('aria-posinset')).toBe('2');
    expect(await router.getAttribute('aria-setsize')).toBe('3');
    expect(await router.getAttribute('aria-expanded')).toBe(null);
    const rows = sampleRows();
    expect(await names(page)).toEqual(rows.map(({ name }) => name));
    expect(await page.locator('.drawing .mark').count()).toBe(rows.length);
    expect(seen.complaints).toEqual([]);
  });

  test('edges end at their marks, also halfway to where there is more room', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page } = seen;
    await page.waitForFunction(() => document.getAnimations().length === 0);
    await page.setViewportSize({ width: 1440, height: 560 });
    const { marks, ends } = await page.evaluate(async () => {
      const glides = (): Animation[] =>
        document
          .getAnimations()
          .filter(({ effect }) => (effect as KeyframeEffect).target?.matches('.mark, .edge'));
      while (glides().length === 0) await new Promise((frame) => requestAnimationFrame(frame));
      for (const glide of glides()) {
        glide.pause();
        glide.currentTime = 100;
      }
      const place = ({ x, y }: { x: number; y: number }): string => `${Math.round(x)} ${Math.round(y)}`;
      const all = <E extends Element>(selector: string): E[] => [...document.querySelectorAll<E>(selector)];
      return {
        marks: all('.mark').map((mark) => {
          const { e, f } = new DOMMatrix(getComputedStyle(mark).transform);
          return place({ x: e, y: f });
        }),
        ends: all<SVGPathElement>('.edge').map((path) => place(path.getPointAtLength(path.getTotalLength()))),
      };
    });
    expect(ends.length).toBe(sampleRows().length - 1);
    // of the root there is none
    expect(ends.filter((end) => !marks.includes(end))).toEqual([]);
  });

  test('shows a crash and the restart that follows: the place is kept, and so is the choice', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page, fake } = seen;
    const before = idOf(fake.rows, 'mailer');
    await item(page, 'mailer').click();
    fake.crash(crash('c1', 'mailer', { pid: before, restarts: 1 }));
    const app = idOf(fake.rows, 'app');
    const after = idOf(fake.rows, 'cache');
    fake.delta({
      removed: [before],
      added: [row('<0.900>', 'mailer', app, { after, counters: { ...NONE, crashes: 1, restarts: 1 } })],
    });
    const fresh = item(page, 'mailer');
    await page.locator('.row.flash').waitFor();
    expect(await fresh.getAttribute('aria-selected')).toBe('true');
    expect(await fresh.locator('.cell-restarts').textContent()).toBe('1');
    await page.getByText('<0.900>', { exact: true }).waitFor();
    expect(await names(page)).toEqual(sampleRows().map(({ name }) => name));
    expect(await page.locator('.badge').textContent()).toBe('1');
    await picture(page, 'crash-restart');
    await page.locator('.toast .link').click();
    const detail = page.locator('.crash-detail');
    expect(await detail.textContent()).toContain(
      'Its supervisor app restarted it. Restarts in its window: 1.',
    );
    expect(await detail.locator('.stack li').count()).toBe(3);
    expect(await detail.locator('.causes li').count()).toBe(2);
    expect(await page.locator('.badge').isVisible()).toBe(false);
  });

  test('follows what an actor does: mailbox, rate and status', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page, fake } = seen;
    const id = idOf(fake.rows, 'counter');
    fake.delta({
      changed: [
        {
          id,
          status: 'suspended',
          mailbox: { length: 900, max: 1_000, dropped: 4 },
          rate: { ...NONE, in: 12.3 },
        },
      ],
    });
    const counter = item(page, 'counter');
    await counter.getByText('900').waitFor();
    expect(await counter.getAttribute('data-heat')).toBe('4');
    expect(await counter.locator('.note').textContent()).toBe('suspended');
    expect(await counter.locator('.cell-rate').textContent()).toBe('12/s');
    expect(await counter.locator('use').nth(1).getAttribute('href')).toBe('#sign-suspended');
  });

  test('tells what an actor handles just now, what it sends and how often it crashed, and stops telling', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page, fake } = seen;
    const id = idOf(fake.rows, 'counter');
    await item(page, 'counter').click();
    const fact = (name: string): Locator =>
      page.locator('.panel .fact').filter({ has: page.locator('dt', { hasText: new RegExp(`^${name}$`) }) });
    expect(await fact('now handling').isVisible()).toBe(false);
    fake.delta({
      changed: [
        {
          id,
          currentMessage: { type: 'call add', forMs: 3_200 },
          counters: { ...NONE, out: 1_234, crashes: 7, restarts: 6 },
          rate: { ...NONE, out: 4.5 },
        },
      ],
    });
    await fact('now handling').getByText('call add for 3.2 s').waitFor();
    const texts = Object.fromEntries(
      await Promise.all(
        ['sent', 'crashes', 'restarts'].map(async (name) => [
          name,
          await fact(name).locator('dd').textContent(),
        ]),
      ),
    ) as Record<string, string>;
    expect(texts).toEqual({ sent: '1,234 · 4.5/s', crashes: '7', restarts: '6' });
    await picture(page, 'panel-handling');
    fake.delta({ changed: [{ id, currentMessage: null }] });
    await expect.poll(() => fact('now handling').isVisible()).toBe(false);
    await page.keyboard.press('2');
    await page.getByRole('button', { name: 'Crashes' }).click();
    const first = page.locator('.table.actors tbody tr').first();
    expect((await first.locator('td').allTextContents()).map((text) => text.trim())).toEqual(
      expect.arrayContaining(['counter', '4.5/s', '7', '6']),
    );
    await picture(page, 'actors-crashes');
  });

  test('asks for a new snapshot when something is missing in between', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page, fake } = seen;
    // somebody the page has never heard of has changed
    fake.rows.push(row('<0.700>', 'missed', idOf(fake.rows, 'app')));
    fake.send('delta', {
      seq: 90,
      at: 1,
      added: [],
      removed: [],
      changed: [{ id: '<0.700>', status: 'suspended' }],
    });
    await item(page, 'missed').waitFor();
  });
});

describe('the filter', () => {
  test('keeps what matches and the way to it, in list and drawing, and says when nothing does', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page } = seen;
    await page.keyboard.press('/');
    await page.keyboard.type('routing');
    await painted(page);
    expect(await names(page)).toEqual(['node', 'network', 'discovery', 'routingTable']);
    expect(await page.locator('.drawing .mark').count()).toBe(4);
    expect(await page.locator('.row.beside').count()).toBe(3);
    await page.keyboard.type(' nonsense');
    await page.getByText('No actor matches “routing nonsense”.').waitFor();
    await page.keyboard.press('Escape');
    await painted(page);
    expect((await names(page)).length).toBe(sampleRows().length);
  });

  test('takes conditions', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page } = seen;
    await page.getByRole('searchbox', { name: 'Filter actors' }).fill('mailbox>100 type:procedure');
    await painted(page);
    expect(await names(page)).toEqual(['node', 'handlers', 'orders.submit', 'media.thumbnail']);
  });
});

describe('the keyboard', () => {
  test('goes through the tree with arrows, folds and unfolds, and reaches the panel with Enter', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page } = seen;
    const chosen = async (): Promise<string | null> => {
      await painted(page);
      const id = await page.getByRole('tree').getAttribute('aria-activedescendant');
      return page.locator(`#${id ?? 'none'} .name`).textContent();
    };
    await page.getByRole('tree').focus();
    for (const key of ['Home', 'ArrowDown', 'ArrowDown', 'ArrowDown', 'ArrowDown'])
      await page.keyboard.press(key);
    expect(await chosen()).toBe('handlers');
    await page.keyboard.press('ArrowLeft');
    await painted(page);
    expect(await item(page, 'handlers').getAttribute('aria-expanded')).toBe('false');
    expect(await item(page, 'orders.submit').count()).toBe(0);
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await chosen()).toBe('calculator.compute');
    await page.keyboard.press('End');
    expect(await chosen()).toBe('inspector');
    await page.keyboard.press('Enter');
    expect(await page.evaluate(() => document.activeElement?.closest('.panel') !== null)).toBe(true);
    await page.keyboard.press('Escape');
    expect(await page.evaluate(() => document.activeElement?.role)).toBe('tree');
  });

  test('opens tabs by number, pauses with p and shows its help with ?', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page, fake } = seen;
    await page.keyboard.press('2');
    expect(await page.getByRole('tab', { name: 'Actors' }).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('0');
    expect(await page.getByRole('tab', { name: 'Logs' }).getAttribute('aria-selected')).toBe('true');
    await page.keyboard.press('?');
    await page.getByRole('dialog', { name: 'Keys' }).waitFor();
    await picture(page, 'help');
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await page.keyboard.press('p');
    await page.getByText('Paused: the node is not asked for anything.').waitFor();
    await expect.poll(() => fake.streams).toBe(0);
    await page.keyboard.press('p');
    await page.locator('.line-state[data-state=live]').waitFor();
    expect(fake.streams).toBe(1);
  });

  test('is not taken from a field that somebody types into', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page } = seen;
    await page.keyboard.press('/');
    await page.keyboard.type('p2?');
    expect(await page.getByRole('searchbox', { name: 'Filter actors' }).inputValue()).toBe('p2?');
    expect(await page.getByRole('tab', { name: 'Tree' }).getAttribute('aria-selected')).toBe('true');
    expect(await page.locator('.banner.shown').count()).toBe(0);
  });
});

describe('actions', () => {
  test('are not offered while the node has them off', async () => {
    seen = await see(browser, { rows: sampleRows(), views: { rpc: {} } });
    const { page } = seen;
    await item(page, 'counter').click();
    await page.locator('.panel-name', { hasText: 'counter' }).waitFor();
    for (const name of ['Kill', 'Stop', 'Suspend', 'Restart', 'Trace']) {
      expect(await page.locator('.panel').getByRole('button', { name, exact: true }).count(), name).toBe(0);
    }
    await page.getByRole('tab', { name: 'RPC' }).click();
    expect(await page.locator('.call-form').isVisible()).toBe(false);
    await page.getByRole('tab', { name: 'Trace' }).click();
    await page.getByText('Traces need actions').waitFor();
    await picture(page, 'trace-off');
  });

  test('ask before they happen, and say how they ended', async () => {
    seen = await see(browser, { rows: sampleRows(), actions: true });
    const { page, fake } = seen;
    await item(page, 'counter').click();
    const id = idOf(fake.rows, 'counter');
    await page.getByRole('button', { name: 'Kill', exact: true }).click();
    await page.getByRole('dialog', { name: 'Kill this actor?' }).waitFor();
    await picture(page, 'confirm');
    await page.keyboard.press('Escape');
    expect(fake.done).toEqual([]);
    await page.getByRole('button', { name: 'Kill', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Kill' }).click();
    await page.getByText('Kill: done').waitFor();
    expect(fake.done).toEqual([{ action: 'kill', id }]);
    fake.act = () => ({ ok: false, error: { tag: 'timeout', message: 'it did not answer' } });
    await page.getByRole('button', { name: 'Suspend', exact: true }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Suspend' }).click();
    await page.getByText('Suspend: it did not answer').waitFor();
  });

  test('trace draws what came in and went out', async () => {
    seen = await see(browser, { rows: sampleRows(), actions: true });
    const { page, fake } = seen;
    fake.act = () => ({
      ok: true,
      value: Array.from({ length: 12 }, (_, index) => ({
        at: 1_000 + index * 3,
        direction: index % 2 === 0 ? 'in' : 'out',
        kind: index % 2 === 0 ? 'call' : 'reply',
        message: { type: 'object', size: index },
      })),
    });
    await item(page, 'counter').click();
    await page.locator('.panel').getByRole('button', { name: 'Trace' }).click();
    await page.locator('.trace-bar').getByRole('button', { name: 'Trace', exact: true }).click();
    await page.getByText('12 messages').waitFor();
    expect(await page.locator('.arrow-in').count()).toBe(6);
    expect(await page.locator('.arrow-out').count()).toBe(6);
    await picture(page, 'trace');
  });

  test('a call is tried from its form', async () => {
    seen = await see(browser, { rows: sampleRows(), actions: true, views: { rpc: {} } });
    const { page, fake } = seen;
    fake.act = () => ({ ok: true, value: { sum: 3 } });
    await page.getByRole('tab', { name: 'RPC' }).click();
    await page.getByRole('combobox', { name: 'Procedure' }).fill('calculator.compute');
    await page.getByRole('textbox', { name: 'Arguments' }).fill('{ "a": 1');
    await page.getByRole('button', { name: 'Call' }).click();
    await page.getByText('The arguments are no JSON.').waitFor();
    await page.getByRole('textbox', { name: 'Arguments' }).fill('{ "a": 1 }');
    await page.getByRole('button', { name: 'Call' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Call' }).click();
    await page.getByText('"sum": 3').waitFor();
    expect(fake.done).toEqual([
      { action: 'call', procedure: 'calculator.compute', args: { a: 1 }, timeoutMs: 5_000 },
    ]);
  });
});

describe('the line to the node', () => {
  test('comes back when the node does: a banner meanwhile, the choice kept, the new start told', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page, fake } = seen;
    await item(page, 'router').click();
    await fake.stop();
    const banner = page.locator('.banner.shown');
    await banner.getByText('The node has been out of reach for').waitFor();
    expect(await item(page, 'router').count()).toBe(1);
    await picture(page, 'lost');
    // ids of another start are other ids
    fake.rows = fake.rows.map((each) => ({
      ...each,
      id: each.id.replace('0.', '9.'),
      parent: each.parent?.replace('0.', '9.') ?? null,
      after: each.after?.replace('0.', '9.') ?? null,
    }));
    fake.startedAt += 7_000_000;
    await fake.start();
    await page.locator('.line-state[data-state=live]').waitFor();
    await page.getByText('The node was started again').waitFor();
    expect(await banner.count()).toBe(0);
    await painted(page);
    expect(await item(page, 'router').getAttribute('aria-selected')).toBe('true');
  });

  test('says it when as many pages watch as may, and comes back when one has gone', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page, fake } = seen;
    fake.refuse = 429;
    await fake.stop();
    await fake.start();
    await page.getByText('The node has no room for this page').waitFor();
    fake.refuse = 0;
    await page.locator('.line-state[data-state=live]').waitFor();
    expect(await page.locator('.banner.shown').count()).toBe(0);
  });

  test('says it when the token is no longer good, and does not ask again and again', async () => {
    seen = await see(browser, { rows: sampleRows() });
    const { page, fake } = seen;
    fake.refuse = 401;
    await fake.stop();
    await fake.start();
    await page.getByText('Open the link that the node prints').waitFor();
    expect(await page.locator('.line-state').textContent()).toBe('refused');
    await picture(page, 'refused');
  });
});

describe('dark mode and motion', () => {
  test('the scheme of the system is followed, and nothing moves for who wants no motion', async () => {
    seen = await see(browser, { rows: sampleRows() }, { colorScheme: 'dark', reducedMotion: 'reduce' });
    const { page, fake } = seen;
    const ground = (): Promise<string> =>
      page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    expect(await ground()).toBe('rgb(18, 21, 18)');
    await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
    expect(await ground()).toBe('rgb(247, 247, 244)');
    const id = idOf(fake.rows, 'counter');
    fake.delta({ changed: [{ id, counters: { ...NONE, in: 1, handled: 1, restarts: 2 } }] });
    const line = page.locator('.row.flash');
    await line.waitFor();
    expect(await line.evaluate((element) => getComputedStyle(element).animationName)).toBe('none');
    expect(await line.evaluate((element) => getComputedStyle(element).outlineStyle)).toBe('solid');
  });
});
