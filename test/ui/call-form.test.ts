/** Trying a call: a form where the schema of the procedure is known, JSON where it is not. */
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launch, picture, see, type Seen } from './browser.ts';
import { sampleRows, VIEWS } from './sample-tree.ts';

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

const HOSTILE = '<img src=x onerror="window.hacked=1">\u202e';
const facts = (procedure: string, args: unknown, description = ''): object => ({
  procedure,
  description,
  args,
  result: null,
});
const PROCEDURES = {
  'orders.submit': facts(
    'orders.submit',
    {
      type: 'object',
      required: ['item', 'count', 'gift'],
      properties: {
        item: { type: 'string', description: 'what is ordered' },
        count: { type: 'integer', minimum: 1, maximum: 99 },
        gift: { type: 'boolean' },
        wrap: { enum: ['paper', 'cloth'] },
        extras: { type: 'array' },
      },
    },
    'takes an order',
  ),
  'media.thumbnail': facts('media.thumbnail', { anyOf: [] }),
  'weather.report': facts('weather.report', { type: 'object' }),
  hostile: facts(
    'hostile',
    { type: 'object', properties: { [HOSTILE]: { type: 'string', description: HOSTILE, enum: [HOSTILE] } } },
    HOSTILE,
  ),
} as never;

async function open(): Promise<Page> {
  seen = await see(browser, { rows: sampleRows(), actions: true, views: VIEWS, procedures: PROCEDURES });
  await seen.page.getByRole('tab', { name: 'RPC' }).click();
  return seen.page;
}

async function name(page: Page, procedure: string): Promise<void> {
  await page.getByRole('combobox', { name: 'Procedure' }).fill(procedure);
  await page.keyboard.press('Tab');
}

const sure = (page: Page): Promise<void> =>
  page.getByRole('dialog').getByRole('button', { name: 'Call' }).click();

describe('a call', () => {
  test('is tried from a form made of the schema: fields of its kinds, what is wrong said beside them', async () => {
    const page = await open();
    await name(page, 'orders.submit');
    await page.getByText('takes an order').waitFor();
    const call = page.locator('.call-form').getByRole('button', { name: 'Call' });
    await page.getByRole('textbox', { name: 'item' }).fill('lamp');
    await page.getByRole('textbox', { name: 'count' }).fill('1.5');
    await call.click();
    await page.getByText('must be a whole number').waitFor();
    expect(await page.evaluate(() => document.activeElement?.ariaLabel)).toBe('count');
    expect(await page.getByRole('dialog').count()).toBe(0);
    await picture(page, 'call-form');
    await page.getByRole('textbox', { name: 'count' }).fill('2');
    await page.getByRole('combobox', { name: 'gift' }).selectOption({ label: 'yes' });
    await page.getByRole('combobox', { name: 'wrap' }).selectOption({ label: 'cloth' });
    await call.click();
    await sure(page);
    await page.locator('.shown.good').waitFor();
    expect(seen?.fake.done).toEqual([
      {
        action: 'call',
        procedure: 'orders.submit',
        args: { item: 'lamp', count: 2, gift: true, wrap: 'cloth' },
        timeoutMs: 5_000,
      },
    ]);
  });

  test('may be written as JSON all the same, and what was typed is taken along', async () => {
    const page = await open();
    await name(page, 'orders.submit');
    await page.getByRole('textbox', { name: 'item' }).fill('lamp');
    await page.getByRole('textbox', { name: 'count' }).fill('2');
    await page.getByRole('button', { name: 'As JSON' }).click();
    const json = page.getByRole('textbox', { name: 'Arguments' });
    expect(JSON.parse(await json.inputValue())).toEqual({ item: 'lamp', count: 2, gift: false });
    await json.fill('{ "item": "chair", "else": 1 }');
    await page.getByRole('button', { name: 'As a form' }).click();
    await page.getByText('The form has no room').waitFor();
    await json.fill('{ "item": "chair", "extras": [1] }');
    await page.getByRole('button', { name: 'As a form' }).click();
    expect(await page.getByRole('textbox', { name: 'item' }).inputValue()).toBe('chair');
    expect(await page.getByRole('textbox', { name: 'extras' }).inputValue()).toBe('[1]');
  });

  test('is JSON where no schema is known, or none that a form can say', async () => {
    const page = await open();
    for (const procedure of ['media.thumbnail', 'nothing.here']) {
      await name(page, procedure);
      await page.getByRole('textbox', { name: 'Arguments' }).waitFor();
      expect(await page.getByRole('button', { name: 'As JSON' }).count()).toBe(0);
    }
    await name(page, 'media.thumbnail');
    await page.getByText('Its arguments are written as JSON.').waitFor();
    await name(page, 'weather.report');
    await page.getByText('It takes no arguments.').waitFor();
  });

  test('offers the names that the view knows', async () => {
    const page = await open();
    await expect
      .poll(() =>
        page
          .locator('#procedures option')
          .evaluateAll((all) => all.map((each) => each.getAttribute('value'))),
      )
      .toEqual(['calculator.compute', 'weather.report', 'orders.submit', 'media.thumbnail']);
  });

  test('a schema of a peer is text', async () => {
    const page = await open();
    await name(page, 'hostile');
    await page.locator('.field').waitFor();
    expect(await page.locator('.call-form img').count()).toBe(0);
    expect(await page.evaluate(() => 'hacked' in window)).toBe(false);
    expect(await page.locator('.call-form').textContent()).not.toContain('\u202e');
    expect(seen?.complaints).toEqual([]);
  });
});
