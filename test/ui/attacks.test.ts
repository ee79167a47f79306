/**
 * The page of a real node, and other pages in the same browser that would like to be it (INSPECTOR §5, SECURITY §11).
 */
import { once } from 'node:events';
import { createServer, request, type IncomingHttpHeaders, type Server } from 'node:http';
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
/** What browsers have sent to the other server. */
const sent: IncomingHttpHeaders[] = [];

beforeAll(async () => {
  node = await NodeProcess.start();
  const rules = `--host-resolver-rules=MAP ${REBOUND} 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost`;
  const flags = FLAGS.filter((flag) => !flag.startsWith('--host-resolver-rules'));
  browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: [...flags, rules] });
  context = await browser.newContext();
  ours = await context.newPage();
  await ours.goto(node.page);
  await live(ours);
  other = createServer((request, response) => {
    sent.push(request.headers);
    response.setHeader('content-type', 'text/html').end('<!doctype html>');
  });
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

const live = (page: Page): Promise<void> => page.locator('.line-state[data-state=live]').waitFor();

const statusOf = (url: string, headers: Record<string, string>): Promise<number | undefined> =>
  new Promise((resolve, reject) => {
    request(url, { headers }, (answer) => {
      resolve(answer.statusCode);
      answer.destroy();
    })
      .on('error', reject)
      .end();
  });

describe('the page of a real node', () => {
  test('shows its tree, the inspector among it', async () => {
    for (const name of ['node', 'roles', 'inspector'])
      await ours
        .getByRole('treeitem', { name: new RegExp(`^${name}\\b`) })
        .first()
        .waitFor();
    expect(new URL(ours.url()).search).toBe('');
  });

  test('hides its cookie from scripts, and its key from the address', async () => {
    expect(await ours.evaluate(() => document.cookie)).toBe('');
    const key = await ours.evaluate(() => localStorage.getItem('espalier.key'));
    expect(key).toMatch(/^[\w-]{32}$/);
    expect(ours.url()).not.toContain(key);
    expect(await ours.evaluate(() => history.length)).toBeLessThan(3);
    expect(node.token).not.toBe(key);
  });

  test('runs no script, and loads nothing, but its own files', async () => {
    const page = await context.newPage();
    await page.goto(new URL(node.page).origin);
    await live(page);
    const refused: string[] = [];
    page.on('console', (message) => refused.push(message.text()));
    sent.length = 0;
    const ran = await page.evaluate(async (elsewhere) => {
      const ended = (element: HTMLElement): Promise<string> =>
        new Promise((resolve) => {
          element.addEventListener('error', () => resolve('error'));
          element.addEventListener('load', () => resolve('load'));
          document.head.append(element);
        });
      const inline = document.createElement('script');
      inline.textContent = 'window.ran = true';
      document.head.append(inline);
      document.body.insertAdjacentHTML('beforeend', '<img src="data:," onerror="window.ran = true">');
      const foreign = Object.assign(document.createElement('script'), { src: elsewhere });
      const style = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: elsewhere });
      const image = Object.assign(document.createElement('img'), { src: elsewhere });
      const told = await Promise.all([ended(foreign), ended(style), ended(image)]);
      const asked = await fetch(elsewhere, { mode: 'no-cors' }).then(String, () => 'error');
      // a text as a program is refused, and so has no number
      // oxlint-disable-next-line typescript/no-implied-eval
      const timer = window.setTimeout('window.ran = true');
      return [...told, asked, timer, 'ran' in window];
    }, stranger);
    expect(ran).toEqual(['error', 'error', 'error', 'error', 0, false]);
    expect(sent).toEqual([]);
    expect(refused.filter((text) => /Content Security Policy/.test(text)).length).toBeGreaterThan(5);
    await page.close();
  });

  test('is live again when it is loaded again, and in a second tab without the link', async () => {
    await ours.reload();
    await live(ours);
    const second = await context.newPage();
    await second.goto(new URL(node.page).origin);
    await live(second);
    expect(await second.evaluate(() => fetch('/metrics').then(({ status }) => status))).toBe(401);
    await second.close();
  });

  test('says what to do where nobody has opened the link, and where its key is gone', async () => {
    const stranger = await browser.newContext();
    const page = await stranger.newPage();
    const answer = await page.goto(new URL(node.page).origin);
    expect(answer?.status()).toBe(401);
    expect(await page.textContent('body')).toContain('the link that the node prints');
    await page.goto(node.page);
    await live(page);
    await page.evaluate(() => localStorage.clear());
    await page.reload();
    await page.getByText('Open the link that the node prints').waitFor();
    // the link again, in another tab: this one goes on
    const again = await stranger.newPage();
    await again.goto(node.page);
    await live(again);
    await live(page);
    await stranger.close();
  });
});

describe('a page on another port of this machine', () => {
  const address = (): string => new URL(node.page).origin;

  test('its server is sent our cookie, and can do nothing with it; its scripts do not find our key', async () => {
    const page = await context.newPage();
    sent.length = 0;
    await page.goto(stranger);
    const cookie = sent[0]?.cookie ?? '';
    expect(cookie).toContain(`espalier_inspector_${node.port}=`);
    expect(cookie).not.toContain(node.token);
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length, document.cookie])).toEqual([
      0,
      0,
      '',
    ]);
    expect(JSON.stringify(sent)).not.toContain(
      await ours.evaluate(() => localStorage.getItem('espalier.key')),
    );
    // a program says of itself whatever it likes
    const pretends = { cookie, origin: address(), 'sec-fetch-site': 'same-origin' };
    for (const path of ['/api/node', '/api/tree', '/api/stream', '/metrics'])
      expect([path, await statusOf(address() + path, pretends)]).toEqual([path, 401]);
    await page.close();
  });

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

  test('while localhost by its name is ours, and leads to the address: whoever has the other one gets nothing', async () => {
    const own = await browser.newContext();
    const page = await own.newPage();
    const answer = await page.goto(`http://localhost:${node.port}/?t=${node.token}`);
    expect([answer?.status(), new URL(page.url()).hostname]).toEqual([200, '127.0.0.1']);
    await live(page);
    // the port of the other loopback address is anybody's
    const squatted: IncomingHttpHeaders[] = [];
    const squatter = createServer(({ headers }, response) => {
      squatted.push(headers);
      response.end('<!doctype html>');
    });
    squatter.listen(node.port, '::1');
    await once(squatter, 'listening');
    await page.reload();
    await live(page);
    // the first may go over a connection that is open
    for (let n = 0; n < 3; n += 1) await page.goto(`http://localhost:${node.port}/`);
    expect(squatted.length).toBeGreaterThan(0);
    expect(JSON.stringify(squatted)).not.toMatch(/espalier/);
    squatter.close();
    squatter.closeAllConnections();
    await own.close();
  });
});

describe('a node that was started again', () => {
  test('has no session of before: the page says so, and goes on when the new link is opened', async () => {
    const { port } = node;
    await node.kill();
    await ours.locator('.banner.shown').waitFor();
    node = await NodeProcess.start(port);
    await ours.getByText('Open the link that the node prints').waitFor();
    const page = await context.newPage();
    await page.goto(node.page);
    await live(page);
    await live(ours);
    await ours.getByText('The node was started again').waitFor();
    await page.close();
  });
});
