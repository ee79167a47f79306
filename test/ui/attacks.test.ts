/**
 * The page of a real node, and other pages in the same browser that would like to be it (INSPECTOR §5, SECURITY §11).
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type BrowserContext, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { FLAGS } from './browser.ts';
import { NodeProcess } from './node-process.ts';

/** A name that somebody has pointed at this machine. */
const REBOUND = 'rebound.example';

let node: NodeProcess;
let browser: Browser;
let context: BrowserContext;
let ours: Page;
let other: Server;
let stranger: string;

beforeAll(async () => {
  node = await NodeProcess.start();
  const rules = `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`;
  const flags = FLAGS.filter((flag) => !flag.startsWith('--host-resolver-rules'));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...flags, rules] });
  context = await browser.newContext();
  ours = await context.newPage();
  await ours.goto(node.page);
  await ours.locator('.line-state[data-state=live]').waitFor();
  other = createServer((_request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html>'),
  );
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  stranger = `http://127.0.0.1:${(other.address() as AddressInfo).port}/`;
});

afterAll(async () => {
  await browser.close();
  other.close();
  await node.kill();
});

/** What a page finds out when it asks for something, as strings. */
const asks = (page: Page, url: string, init: object): Promise<string> =>
  page.evaluate(
    ([to, options]) =>
      fetch(to, options).then(
        async (answer) => `${answer.type} ${answer.status} ${(await answer.text()).length}`,
        (error: Error) => error.name,
      ),
    [url, init] as const,
  );

describe('the page of a real node', () => {
  test('shows its tree, the inspector among it', async () => {
    for (const name of ['node', 'roles', 'inspector'])
      await ours
        .getByRole('treeitem', { name: new RegExp(`^${name}\\b`) })
        .first()
        .waitFor();
    expect(new URL(ours.url()).search).toBe('');
  });

  test('hides its cookie from scripts', async () => {
    expect(await ours.evaluate(() => document.cookie)).toBe('');
  });
});

describe('a page on another port of this machine', () => {
  const address = (): string => new URL(node.page).origin;

  test('reads nothing, though the browser sends our cookie along', async () => {
    const page = await context.newPage();
    await page.goto(stranger);
    for (const path of ['/api/tree', '/api/node', '/metrics']) {
      expect(await asks(page, address() + path, { credentials: 'include' })).toBe('TypeError');
      expect(await asks(page, address() + path, { credentials: 'include', mode: 'no-cors' })).toBe(
        'TypeError',
      );
    }
    await page.close();
  });

  test('gets no event stream', async () => {
    const page = await context.newPage();
    await page.goto(stranger);
    const ended = await page.evaluate(
      (url) =>
        new Promise<string>((resolve) => {
          const stream = new EventSource(url, { withCredentials: true });
          stream.addEventListener('error', () => resolve('error'));
          stream.addEventListener('snapshot', () => resolve('snapshot'));
        }),
      `${address()}/api/stream`,
    );
    expect(ended).toBe('error');
    await page.close();
  });

  test('acts on nothing, by no means that a page has', async () => {
    const page = await context.newPage();
    await page.goto(stranger);
    const body = JSON.stringify({ action: 'kill', id: '<0.1>' });
    const post = { method: 'POST', body, credentials: 'include' };
    const own = { 'content-type': 'application/json', 'x-espalier-action': '1' };
    expect(await asks(page, `${address()}/api/actions`, { ...post, headers: own })).toBe('TypeError');
    expect(await asks(page, `${address()}/api/actions`, { ...post, mode: 'no-cors' })).toBe('TypeError');
    await page.evaluate(
      ([url, value]) => {
        const form = document.createElement('form');
        form.method = 'post';
        form.enctype = 'text/plain';
        form.action = url;
        const field = document.createElement('input');
        field.name = value;
        form.append(field);
        document.body.append(form);
        form.submit();
      },
      [`${address()}/api/actions`, body] as const,
    );
    await page.waitForURL(`${address()}/api/actions`);
    expect(await page.textContent('body')).toContain('not from a page of this inspector');
    await page.close();
    expect(node.log.filter((line) => line.includes('inspector.action'))).toEqual([]);
    await ours
      .getByRole('treeitem', { name: /^node\b/ })
      .first()
      .waitFor();
  });

  test('shows our page in no frame', async () => {
    const page = await context.newPage();
    await page.goto(stranger);
    const refused = page.waitForEvent('console', (message) => /frame/i.test(message.text()));
    await page.evaluate((url) => {
      const frame = document.createElement('iframe');
      frame.src = url;
      document.body.append(frame);
    }, `${address()}/`);
    expect((await refused).text()).toMatch(/frame-ancestors|X-Frame-Options/);
    await page.close();
  });
});

describe('a name that was pointed at this machine', () => {
  test('opens nothing, whatever token it brings', async () => {
    const page = await context.newPage();
    const answer = await page.goto(`http://${REBOUND}:${node.port}/?t=${node.token}`);
    expect(answer?.status()).toBe(421);
    expect(await asks(page, `http://${REBOUND}:${node.port}/api/tree`, {})).toMatch(/^basic 421 /);
    await page.close();
  });

  test('while localhost by its name is ours', async () => {
    const page = await context.newPage();
    const answer = await page.goto(`http://localhost:${node.port}/?t=${node.token}`);
    expect(answer?.status()).toBe(200);
    await page.close();
  });
});
