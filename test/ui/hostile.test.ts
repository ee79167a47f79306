/** Names come from peers: nothing in them becomes markup, turns the text around it, or takes the room (SECURITY §11). */
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { NAME_LIMIT } from '../../src/inspect/page/names.ts';
import { launch, painted, picture, see, type Seen } from './browser.ts';
import { crash, row } from './sample-tree.ts';

const HOSTILE = [
  '<img src=x onerror="window.hacked=1">',
  '</script><script>window.hacked=1</script>',
  '"><svg/onload=window.hacked=1>',
  'javascript:window.hacked=1',
  '{{constructor.constructor("window.hacked=1")()}}',
  'safe\u202egnp.exe',
  '\u2066isolate\u2069\u200bzero\ufeffwidth',
  'line\nbreak\u2028here\u0000\u001b[31mred',
  '\ud800half',
  '__proto__',
  'constructor',
  'x'.repeat(1_000_000),
  '\u202e'.repeat(1_000_000),
  '',
];

/** A row of each, as `{ [part]: { rows } }`. */
const listed = (row: (name: string) => object, part = 'all'): Readonly<Record<string, object>> => ({
  [part]: { rows: HOSTILE.map((name) => row(name.slice(0, 5_000))), more: 0 },
});

let browser: Browser;
let seen: Seen;
beforeAll(async () => {
  browser = await launch();
  const rows = [
    row('<0.1>', 'node', null, { strategy: 'oneForOne', type: 'Supervisor' }),
    ...HOSTILE.map((name, index) =>
      row(`<0.${index + 2}>`, name, '<0.1>', {
        type: index < 5 ? name : 'GenServer',
        module: name.slice(0, 2_000),
        details: { [name.slice(0, 200)]: name.slice(0, 2_000) },
        links: ['<0.1>', name.slice(0, 50)],
      }),
    ),
  ];
  const crashes = HOSTILE.map((name, index) =>
    crash(`c${index}`, name, { reason: name, path: [name, name], stack: [name], cause: [name] }),
  );
  const views = {
    rpc: {
      procedures: {
        rows: HOSTILE.map((procedure) => ({ procedure, [procedure.slice(0, 90)]: procedure })),
        more: 0,
      },
    },
    dht: {
      records: listed(
        (name) => ({ procedure: name, key: { id: name, short: name }, endpoints: [name] }),
        'kept',
      ),
      lookups: listed(
        (name) => ({ kind: name, outcome: name, procedure: name, trace: { rows: [{ address: name }] } }),
        'last',
      ),
    },
    peers: {
      connections: listed((name) => ({ actor: name, state: name, path: name, address: name, kind: name }))[
        'all'
      ],
      nat: {
        tried: listed((name) => ({
          won: name,
          steps: [{ step: name, where: name, why: name, outcome: name }],
        }))['all'],
      },
    },
    relay: {
      clients: HOSTILE.map((name) => ({ name, relays: [{ url: name, state: name, why: name }] })),
    },
    dist: {
      name: HOSTILE[0],
      peers: listed((name) => ({ node: name, state: name, address: name }))['all'],
      names: { rows: HOSTILE, more: 0 },
    },
  };
  seen = await see(browser, { rows, crashes, views, actions: true });
});
afterAll(async () => {
  await seen.close();
  await browser.close();
});

describe('hostile names', () => {
  test('are inert on every tab, in the panel and in dialogs', async () => {
    const { page, fake } = seen;
    const scripts = await page.locator('script').count();
    for (const name of HOSTILE) {
      fake.send('log', {
        level: name,
        time: 1,
        event: name.slice(0, 5_000),
        fields: { [name.slice(0, 99)]: name.slice(0, 5_000) },
      });
      fake.send('crash', crash(`d${HOSTILE.indexOf(name)}`, name, { reason: name }));
    }
    for (let index = 0; index < HOSTILE.length; index += 1) {
      await page
        .locator('.tree .row')
        .nth(index + 1)
        .click();
      await painted(page);
      if (index === 0) {
        await page.getByRole('button', { name: 'Kill', exact: true }).click();
        expect(await page.locator('dialog img, dialog svg').count()).toBe(0);
        await page.keyboard.press('Escape');
      }
    }
    await picture(page, 'hostile');
    for (const tab of [
      'Actors',
      'Crashes',
      'RPC',
      'DHT',
      'Peers',
      'Relay',
      'Dist',
      'Trace',
      'Logs',
      'Tree',
    ]) {
      await page.getByRole('tab', { name: tab }).click();
      await painted(page);
      const part = page.locator(`#tab-${tab.toLowerCase()}`);
      if (['RPC', 'DHT', 'Peers', 'Relay', 'Dist'].includes(tab)) {
        await part.locator('.table').first().waitFor();
        await part.locator('.expander').evaluateAll((all) => {
          for (const more of all) (more as HTMLElement).click();
        });
        await picture(page, `hostile-${tab.toLowerCase()}`);
      }
    }
    await page.getByRole('searchbox', { name: 'Filter actors' }).fill(HOSTILE[0] ?? '');
    await painted(page);
    expect(await page.locator('img, iframe, object, embed, a[href]').count()).toBe(0);
    expect(await page.locator('script').count()).toBe(scripts);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(seen.complaints).toEqual([]);
  });

  test('keep within their room and their direction', async () => {
    const { page } = seen;
    await page.getByRole('searchbox', { name: 'Filter actors' }).fill('');
    await painted(page);
    const shown = await page.evaluate(() =>
      [...document.querySelectorAll('.name')].map((element) => ({
        text: element.textContent ?? '',
        tag: element.localName,
        isolated: getComputedStyle(element).unicodeBidi,
      })),
    );
    expect(shown.length).toBeGreaterThan(HOSTILE.length);
    for (const { text, tag, isolated } of shown) {
      expect(Array.from(text).length).toBeLessThanOrEqual(NAME_LIMIT + 1);
      expect(text).not.toMatch(/[\p{C}\p{Zl}\p{Zp}]/u);
      expect([tag, isolated]).toEqual(['bdi', 'isolate']);
    }
    const everything = await page.evaluate(() => document.documentElement.textContent ?? '');
    expect(everything).not.toMatch(/[\u202a-\u202e\u2066-\u2069]/);
    const wide = await page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth);
    expect(wide).toBe(false);
  });
});
