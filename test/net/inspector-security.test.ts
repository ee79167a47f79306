/** Who may ask the inspector for what, over real HTTP (INSPECTOR §5, SECURITY §11). */
import * as fc from 'fast-check';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { connect as dial, type Socket } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noReply, reply } from '../../src/otp/result.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { worker } from '../../src/otp/supervisor.ts';
import type { ActorRow } from '../../src/inspect/row.ts';
import { inspected, socketTo, whole, type Inspected } from './inspected.ts';
import { until } from './quic-bench.ts';

const POLICY: Readonly<Record<string, string | RegExp>> = {
  'content-security-policy':
    /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; (?:img-src 'self'; )?base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
};

function expectPolicy(headers: Readonly<Record<string, unknown>>): void {
  for (const [name, value] of Object.entries(POLICY))
    expect(String(headers[name]), name).toMatch(value instanceof RegExp ? value : new RegExp(`^${value}$`));
  expect(headers['cache-control']).toMatch(/^no-(?:store|cache)$/);
  for (const name of Object.keys(headers))
    expect(name).not.toMatch(/^access-control-|^server$|^x-powered-by$/);
}

/** Status and headers of each answer in what came over a socket. */
function answers(text: string): { status: number; headers: Record<string, string> }[] {
  const found: { status: number; headers: Record<string, string> }[] = [];
  for (const [, status, head] of text.matchAll(/HTTP\/1\.1 (\d{3}) [^\r]*\r\n((?:[^\r\n]+\r\n)*)\r\n/g)) {
    const headers: Record<string, string> = {};
    for (const line of head!.split('\r\n').filter((each) => each !== '')) {
      const at = line.indexOf(': ');
      headers[line.slice(0, at).toLowerCase()] = line.slice(at + 2);
    }
    found.push({ status: Number(status), headers });
  }
  return found;
}

const one = async (on: Inspected, head: string): Promise<number | undefined> => {
  const [first] = answers(await on.raw(`${head}\r\nConnection: close\r\n\r\n`));
  if (first !== undefined) expectPolicy(first.headers);
  return first?.status;
};

const keeper: GenServer<void, number, { add(n: number): number }> = {
  label: 'keeper',
  init: () => 0,
  handleCall: { add: (n, sum) => reply(sum + n, sum + n) },
  handleInfo: (_message, sum) => noReply(sum),
};

const rowsOf = async (on: Inspected): Promise<ActorRow[]> =>
  ((await on.json('/api/tree')) as { rows: ActorRow[] }).rows;

describe('the link', () => {
  test('makes a session of its token, which is in neither half of it nor in the address', async () => {
    const on = await inspected();
    const answer = await on.ask(`/?t=${on.token}`);
    expect([answer.status, answer.body]).toEqual([303, '']);
    expectPolicy(answer.headers);
    const [, key] = /^\/#k=([\w-]{32})$/.exec(answer.headers.location!)!;
    const [cookie, ...others] = answer.headers['set-cookie']!;
    expect(others).toEqual([]);
    const [, secret] = new RegExp(
      `^espalier_inspector_${on.port}=([\\w-]{32}); HttpOnly; SameSite=Strict; Path=/$`,
    ).exec(cookie!)!;
    expect(new Set([on.token, key, secret]).size).toBe(3);
    const session = { cookie: cookie!.split(';')[0]!, 'x-espalier-key': key! };
    for (const path of ['/api/node', '/api/tree', '/metrics'])
      expect([path, (await on.ask(path, { headers: session })).status]).toEqual([path, 200]);
    expect(on.node.inspector).toEqual({
      address: `http://127.0.0.1:${on.port}`,
      url: `http://127.0.0.1:${on.port}/?t=${on.token}`,
      token: on.token,
    });
  });

  test('opened as localhost, which may be the address of another server too, leads to the address that is ours', async () => {
    for (const host of ['127.0.0.1', '::1']) {
      const on = await inspected({ host });
      const at = on.node.inspector!.address;
      for (const name of ['localhost', 'LocalHost']) {
        const socket = dial(on.port, host);
        socket.end(`GET /?t=${on.token} HTTP/1.1\r\nHost: ${name}:${on.port}\r\nConnection: close\r\n\r\n`);
        const [answer] = answers(await whole(socket));
        expect([answer?.status, answer?.headers['location']]).toEqual([303, `${at}/?t=${on.token}`]);
        expect(answer?.headers['set-cookie']).toBeUndefined();
        expectPolicy(answer!.headers);
      }
    }
  });

  test('what a server on another port is sent, the cookie, opens nothing but the files of the page', async () => {
    const on = await inspected({ actions: true }, { children: [worker('keeper', keeper, undefined)] });
    const { cookie, key } = await on.enter();
    const victim = (await rowsOf(on)).find(({ name }) => name === 'keeper')!.id;
    const stolen = { cookie, origin: `http://127.0.0.1:${on.port}`, 'sec-fetch-site': 'same-origin' };
    const guesses = ['', key.slice(1), cookie.split('=')[1]!, (await on.enter()).key];
    const paths = ['node', 'tree', 'crashes', 'stream', 'views/rpc', `actor/${encodeURIComponent(victim)}`];
    const act = { 'content-type': 'application/json', 'x-espalier-action': '1' };
    const body = JSON.stringify({ action: 'kill', id: victim });
    for (const guess of guesses) {
      const headers = { ...stolen, 'x-espalier-key': guess };
      for (const path of [...paths.map((name) => `/api/${name}`), '/api/nothing', '/metrics']) {
        const answer = await on.ask(path, { headers });
        expect([path, answer.status, answer.body]).toEqual([path, 401, expect.stringContaining('key')]);
        expectPolicy(answer.headers);
      }
      const acted = await on.ask('/api/actions', { method: 'POST', headers: { ...headers, ...act }, body });
      expect(acted.status).toBe(401);
      const token = cookie.split('=')[1]!;
      expect((await on.ask(`/?t=${token}`, { headers })).headers['set-cookie']).toBeUndefined();
    }
    // the file is there, or was not built: it holds nothing of the node
    expect([200, 404]).toContain((await on.ask('/main.js', { headers: stolen })).status);
    expect((await rowsOf(on)).map(({ id }) => id)).toContain(victim);
    // nor is anything open to who has but the key
    expect((await on.ask('/api/node', { headers: { 'x-espalier-key': key } })).status).toBe(401);
  });

  test('a session is of no use elsewhere: not at another port, nor at a node that was started again', async () => {
    const on = await inspected();
    const session = await on.enter();
    const other = await inspected({ token: on.token });
    for (const cookie of [session.cookie, session.cookie.replace(String(on.port), String(other.port))])
      expect(
        (await other.ask('/api/node', { headers: { cookie, 'x-espalier-key': session.key } })).status,
      ).toBe(401);
  });

  test('is the only place for it: in the query of anything else it is no token', async () => {
    const on = await inspected({ actions: true });
    for (const path of [
      '/api/node',
      '/api/tree',
      '/api/stream',
      '/api/actions',
      '/metrics',
      '/app.js',
      '/index.html',
    ]) {
      const answer = await on.ask(`${path}?t=${on.token}`);
      expect([path, answer.status, answer.headers['set-cookie']]).toEqual([path, 401, undefined]);
    }
    const post = await on.ask(`/?t=${on.token}`, { method: 'POST' });
    expect([post.status, post.headers['set-cookie']]).toEqual([401, undefined]);
  });

  test('a token has 192 bits and is another for each start; one that was given is kept', async () => {
    const [one, other] = [await inspected(), await inspected()];
    expect(one.token).toMatch(/^[\w-]{32}$/);
    expect(one.token).not.toBe(other.token);
    expect((await one.ask('/api/node', { headers: other.bearer })).status).toBe(401);
    const given = await inspected({ token: 'x'.repeat(16) });
    expect(given.token).toBe('x'.repeat(16));
  });
});

describe('over the wire', () => {
  test('Host: missing, twice, of others', async () => {
    const on = await inspected();
    const ours = `127.0.0.1:${on.port}`;
    const rest = `Authorization: Bearer ${on.token}`;
    expect(await one(on, `GET /api/node HTTP/1.1\r\nHost: ${ours}\r\n${rest}`)).toBe(200);
    for (const host of [
      '',
      `Host:\r\n`,
      `Host: evil.example\r\n`,
      `Host: ${ours}\r\nHost: evil.example\r\n`,
      `Host: evil.example\r\nHost: ${ours}\r\n`,
      `Host: ${ours}\r\nHost: ${ours}\r\n`,
      `Host: localhost:1\r\n`,
      `Host: rebound.example:${on.port}\r\n`,
      `X-Forwarded-Host: ${ours}\r\nHost: evil.example\r\n`,
    ])
      expect([host, await one(on, `GET /api/node HTTP/1.1\r\n${host}${rest}`)]).toEqual([host, 421]);
    expect(await one(on, `GET /api/node HTTP/1.0\r\n${rest}`)).toBe(421);
  });

  test('Origin, Sec-Fetch-Site and token twice are none', async () => {
    const on = await inspected();
    const head = `GET /api/node HTTP/1.1\r\nHost: 127.0.0.1:${on.port}`;
    const bearer = `Authorization: Bearer ${on.token}`;
    const origin = `Origin: http://127.0.0.1:${on.port}`;
    expect(await one(on, `${head}\r\n${bearer}\r\n${origin}\r\nSec-Fetch-Site: same-origin`)).toBe(200);
    expect(await one(on, `${head}\r\n${bearer}\r\n${origin}\r\n${origin}`)).toBe(403);
    expect(await one(on, `${head}\r\n${bearer}\r\nSec-Fetch-Site: none\r\nSec-Fetch-Site: none`)).toBe(403);
    expect(await one(on, `${head}\r\n${bearer}\r\n${bearer}`)).toBe(401);
    expect(await one(on, `${head}\r\nAuthorization: Bearer x\r\n${bearer}`)).toBe(401);
  });

  test('every answer says what a browser may do with it, and none lets another origin read', async () => {
    const on = await inspected({ actions: true });
    const paths = ['/', '/index.html', '/nothing', '/api/node', '/api/tree', '/api/crashes', '/api/nothing'];
    paths.push('/api/actor/%3C0.1%3E', '/api/actor/none', '/api/views/none', '/metrics', '/api/actions');
    const page = join(import.meta.dirname, '../../src/inspect/page');
    try {
      paths.push(...readdirSync(page).map((name) => `/${name}`));
    } catch {
      // not built
    }
    const foreign = { origin: 'http://evil.example' };
    for (const path of paths)
      for (const headers of [{}, on.bearer, foreign, { ...on.bearer, ...foreign }, { host: 'evil.example' }])
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
          const answer = await on.ask(path, { method, headers });
          expectPolicy(answer.headers);
          if (
            answer.status >= 400 &&
            method !== 'HEAD' &&
            answer.headers['content-type'] !== 'text/html; charset=utf-8'
          )
            expect(JSON.parse(answer.body)).toEqual({ error: expect.any(String) as string });
        }
    const stream = answers(
      await on.raw(
        `GET /api/stream HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer x\r\n\r\n`,
      ),
    );
    expect(stream.map(({ status }) => status)).toEqual([401]);
  });

  test('an event stream says so too', async () => {
    const on = await inspected();
    const socket = await on.socket();
    const text = whole(socket);
    socket.write(
      `GET /api/stream HTTP/1.1\r\nHost: localhost:${on.port}\r\nAuthorization: Bearer ${on.token}\r\n\r\n`,
    );
    await new Promise((resolve) => socket.once('data', resolve));
    socket.destroy();
    const [answer] = answers(await text);
    expect(answer).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } });
    expectPolicy(answer!.headers);
  });

  test('a preflight of another origin learns nothing', async () => {
    const on = await inspected({ actions: true });
    const answer = await on.ask('/api/actions', {
      method: 'OPTIONS',
      headers: {
        origin: 'http://127.0.0.1:1',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'x-espalier-action, content-type',
        'access-control-request-private-network': 'true',
      },
    });
    expect(answer.status).toBe(403);
    expectPolicy(answer.headers);
  });

  test('what is no HTTP is refused, with the same headers', async () => {
    const on = await inspected();
    const host = `Host: 127.0.0.1:${on.port}\r\n`;
    const refused: readonly [string, number][] = [
      ['hello\r\n\r\n', 400],
      ['GET / HTTP/9.9\r\n\r\n', 400],
      [`GET / HTTP/1.1\r\n${host}Content-Length: 1\r\nContent-Length: 2\r\n\r\n`, 400],
      [`POST / HTTP/1.1\r\n${host}Transfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n`, 400],
      [`GET /\u0000 HTTP/1.1\r\n${host}\r\n`, 400],
      [`GET / HTTP/1.1\r\n${host}X: a\u0000b\r\n\r\n`, 400],
      [`GET / HTTP/1.1\r\n${host}X: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
      [`GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${host}\r\n`, 431],
      ['\u0016\u0003\u0001\u0002\u0000\u0001\u0000\u0001\u00fc\u0003\u0003', 400],
    ];
    for (const [text, status] of refused) {
      const [answer, ...rest] = answers(await on.raw(text));
      expect([text.slice(0, 40), answer?.status, rest]).toEqual([text.slice(0, 40), status, []]);
      expectPolicy(answer!.headers);
      expect(answer!.headers['connection']).toBe('close');
    }
    // half a request, and half a body, are answered by nothing worse
    for (const text of ['GET / HT', `POST /api/actions HTTP/1.1\r\n${host}Content-Length: 100\r\n\r\n{`])
      expect(answers(await on.raw(text)).every(({ status }) => status >= 400)).toBe(true);
    expect((await on.ask('/api/node', { headers: on.bearer })).status).toBe(200);
  });

  test('methods that nobody serves are refused, and say nothing back', async () => {
    const on = await inspected({ actions: true });
    const head = `Host: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}`;
    for (const method of ['TRACE', 'PROPFIND', 'M-SEARCH', 'LINK', 'PURGE', 'OPTIONS', 'PATCH', 'DELETE'])
      for (const target of ['/', '/api/node', '/api/stream', '/api/actions', '/metrics', '/main.js'])
        expect([method, target, await one(on, `${method} ${target} HTTP/1.1\r\n${head}`)]).toEqual([
          method,
          target,
          405,
        ]);
    expect(await one(on, `OPTIONS * HTTP/1.1\r\n${head}`)).toBe(404);
    expect(await one(on, `OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1:${on.port}`)).toBe(401);
    for (const method of ['get', 'FOO', 'GET\t', 'BREW'])
      expect([method, await one(on, `${method} / HTTP/1.1\r\n${head}`)]).toEqual([method, 400]);
    const traced = await on.raw(`TRACE / HTTP/1.1\r\n${head}\r\nConnection: close\r\n\r\n`);
    expect(traced).not.toContain(on.token);
  });

  test('headers of an action that are there twice are none', async () => {
    const on = await inspected({ actions: true });
    const body = '{"action":"kill","id":"x"}';
    const act = async (more: string): Promise<number | undefined> => {
      const head = `POST /api/actions HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}`;
      const [answer] = answers(
        await on.raw(`${head}\r\n${more}\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
      );
      return answer?.status;
    };
    const [type, header] = ['Content-Type: application/json', 'X-Espalier-Action: 1'];
    expect(await act(`${type}\r\n${header}`)).toBe(200);
    expect(await act(`${type}\r\n${header}\r\n${header}`)).toBe(403);
    expect(await act(`Content-Type: text/plain\r\n${type}\r\n${header}`)).toBe(415);
  });

  test('at another loopback address its names are that one and the usual ones, each as it is written', async () => {
    const on = await inspected({ host: '::1' });
    const url = new URL(on.node.inspector!.address);
    expect(url.hostname).toBe('[::1]');
    const status = async (host: string): Promise<number | undefined> => {
      const socket = dial(on.port, '::1');
      socket.end(
        `GET /api/node HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer ${on.token}\r\nConnection: close\r\n\r\n`,
      );
      return answers(await whole(socket))[0]?.status;
    };
    for (const host of [`[::1]:${on.port}`, `localhost:${on.port}`])
      expect([host, await status(host)]).toEqual([host, 200]);
    for (const host of [
      '[::1]',
      `::1:${on.port}`,
      `[0:0:0:0:0:0:0:1]:${on.port}`,
      `[::1%25lo]:${on.port}`,
      `[::1].:${on.port}`,
      `localhost.:${on.port}`,
      `ip6-localhost:${on.port}`,
    ])
      expect([host, await status(host)]).toEqual([host, 421]);
  });

  test('paths lead nowhere but where they say', async () => {
    const on = await inspected();
    const head = (target: string): string =>
      `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}`;
    for (const target of [
      `http://127.0.0.1:${on.port}/api/node`,
      'http://evil.example/api/node',
      '//evil.example/api/node',
      '//api/node',
      '/\\evil.example/api/node',
      '/../../../../etc/passwd',
      '/..%2f..%2f..%2fpackage.json',
      '/%2e%2e/%2e%2e/package.json',
      '/page/../../inspector-server.ts',
      '/....//....//package.json',
      '/index.html%00.js',
      '/index.html/',
      '/INDEX.HTML',
      '/api%2Fnode',
      '/api//node',
      '/api/node/',
      '/api/node%00',
      '/api/actor/',
      '/api/actor/%3C0.1%3E/x',
      '/api/actor/%00',
      '/api/actor/%zz',
      '/api/actor/%ff',
      '/api/actor/..%2f..%2fnode',
      '/api/actor/__proto__',
      '/api/views/__proto__',
      '/api/views/constructor',
      '/api/views/toString',
      '/api/views/',
      '/__proto__',
      `/api/actor/${'x'.repeat(10_000)}`,
      `/${'../'.repeat(3_000)}etc/passwd`,
      '/build.mjs',
      '/server.ts',
    ])
      expect([target.slice(0, 60), await one(on, head(target))]).toEqual([target.slice(0, 60), 404]);
    expect(await one(on, head('/api/../api/./node'))).toBe(200);
    expect(await one(on, head('/api/node?x=1#y'))).toBe(200);
    // the same without the token tells nothing of what there is
    for (const target of ['/api/nothing', '/index.html', '/../x', '//x', 'http://x/'])
      expect(await one(on, `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${on.port}`), target).toBe(401);
  });

  test('two hundred hostile requests each get the refusal they must', async () => {
    const on = await inspected({ actions: true }, { children: [worker('keeper', keeper, undefined)] });
    const before = (await rowsOf(on)).map(({ id }) => id);
    const victim = (await rowsOf(on)).find(({ name }) => name === 'keeper')!.id;
    const good = { host: `127.0.0.1:${on.port}`, authorization: `Bearer ${on.token}` };
    const body = JSON.stringify({ action: 'kill', id: victim });
    const act = { 'content-type': 'application/json', 'x-espalier-action': '1' };
    type Hostile = { method: string; path: string; headers: Record<string, string>; status: number };
    const path = fc.constantFrom(
      '/',
      '/api/tree',
      '/api/stream',
      '/api/actions',
      '/metrics',
      '/api/crashes',
      '/x',
    );
    const get = fc.constantFrom('GET', 'HEAD', 'POST');
    const hosts = fc.constantFrom(
      'evil.example',
      'localhost',
      '127.0.0.1:1',
      `a.127.0.0.1:${on.port}`,
      `[::2]:${on.port}`,
    );
    const origins = fc.constantFrom(
      'null',
      'http://evil.example',
      `https://127.0.0.1:${on.port}`,
      'http://127.0.0.1:1',
    );
    const hostile: fc.Arbitrary<Hostile> = fc.oneof(
      fc.record({ method: get, path, host: hosts }).map(({ host, ...given }) => ({
        ...given,
        headers: { ...good, ...act, host },
        status: 421,
      })),
      fc.record({ method: get, path, origin: origins }).map(({ origin, ...given }) => ({
        ...given,
        headers: { ...good, ...act, origin },
        status: 403,
      })),
      fc
        .record({ method: get, path, site: fc.constantFrom('cross-site', 'same-site') })
        .map(({ site, ...given }) => ({
          ...given,
          headers: { ...good, ...act, 'sec-fetch-site': site },
          status: 403,
        })),
      fc
        .record({
          method: get,
          path,
          authorization: fc.constantFrom('', 'Bearer', 'Bearer x', `Bearer ${on.token}x`),
        })
        .map(({ authorization, ...given }) => ({
          ...given,
          headers: { ...good, ...act, authorization },
          status: 401,
        })),
      fc
        .record({ method: fc.constantFrom('GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS') })
        .map(({ method }) => ({
          method,
          path: '/api/actions',
          headers: { ...good, ...act },
          status: 405,
        })),
      fc
        .record({
          method: fc.constantFrom('POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'),
          path: fc.constantFrom('/', '/api/tree', '/api/stream', '/metrics', '/x', '/api/actor/%3C0.1%3E'),
        })
        .map((given) => ({ ...given, headers: { ...good, ...act }, status: 405 })),
      fc
        .constantFrom('text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x')
        .map((type) => ({
          method: 'POST',
          path: '/api/actions',
          headers: { ...good, ...act, 'content-type': type },
          status: 415,
        })),
      fc.constantFrom('0', '', 'yes').map((value) => ({
        method: 'POST',
        path: '/api/actions',
        headers: { ...good, ...act, 'x-espalier-action': value },
        status: 403,
      })),
    );
    for (const { method, path: at, headers, status } of fc.sample(hostile, { numRuns: 200, seed: 9 })) {
      const sends = method !== 'GET' && method !== 'HEAD';
      const answer = await on.ask(at, { method, headers, ...(sends ? { body } : {}) });
      expect([method, at, headers, answer.status]).toEqual([method, at, headers, status]);
      expectPolicy(answer.headers);
      // RFC 9110 §15.5.6
      expect([method, at, answer.headers.allow !== undefined]).toEqual([method, at, status === 405]);
    }
    expect((await rowsOf(on)).map(({ id }) => id)).toEqual(before);
    expect(on.lines.filter((line) => line.includes('inspector.action'))).toEqual([]);
  });
});

describe('reading', () => {
  test('changes nothing, whatever is asked for', async () => {
    const on = await inspected({ actions: true }, { children: [worker('keeper', keeper, undefined)] });
    const rows = await rowsOf(on);
    const keeperId = encodeURIComponent(rows.find(({ name }) => name === 'keeper')!.id);
    const paths = ['/', '/api/node', '/api/tree', '/api/crashes', '/metrics', `/api/actor/${keeperId}`];
    for (const action of ['kill', 'terminate', 'suspend', 'restartChild'])
      paths.push(
        `/api/actions?action=${action}&id=${keeperId}`,
        `/api/${action}/${keeperId}`,
        `/?${action}=${keeperId}`,
      );
    for (const path of paths)
      for (const method of ['GET', 'HEAD'])
        await on.ask(path, { method, headers: { ...on.bearer, 'x-espalier-action': '1' } });
    const after = await rowsOf(on);
    expect(after.map(({ id, status }) => [id, status])).toEqual(rows.map(({ id, status }) => [id, status]));
    expect(on.lines.filter((line) => /inspector\.action|actor\.crash/.test(line))).toEqual([]);
  });

  test('is all that is offered unless actions are on', async () => {
    const on = await inspected(true, { children: [worker('keeper', keeper, undefined)] });
    const rows = await rowsOf(on);
    const answer = await on.act({ action: 'kill', id: rows.find(({ name }) => name === 'keeper')!.id });
    expect(answer).toEqual({ error: expect.stringContaining('only reads') as string });
    expect((await rowsOf(on)).map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(await on.json('/api/node')).toMatchObject({ actions: false });
  });
});

describe('names of others', () => {
  test('are data wherever they are told, and no longer than anybody reads', async () => {
    const names = [
      '<img src=x onerror=alert(1)>',
      '</script><script>alert(1)</script>',
      '\u202egnp.exe\u2066',
      'a\nb\r\n\r\nevent: crash\ndata: {}\n\n',
      '\u2028\u2029\u0000\u001b[2J',
      '\ud800',
      'x'.repeat(1_000_000),
      '__proto__',
    ];
    const children = names.map((name) => worker(name, keeper, undefined));
    const on = await inspected({ actions: true }, { children });
    const answer = await on.ask('/api/tree', { headers: on.bearer });
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    const { rows } = JSON.parse(answer.body) as { rows: ActorRow[] };
    const told = rows.map(({ name }) => name);
    for (const name of names.filter((each) => each.length < 1_000)) expect(told).toContain(name);
    expect(Math.max(...told.map(({ length }) => length))).toBe(1_024);
    expect(answer.body.length).toBeLessThan(100_000);
    const stream = await on.stream('?interval=100');
    await stream.first(({ event }) => event === 'snapshot');
    for (const row of rows.filter(({ name }) => name.length === 1_024 || names.includes(name))) {
      const details = await on.ask(`/api/actor/${encodeURIComponent(row.id)}`, { headers: on.bearer });
      expect([details.status, details.body.length < 10_000]).toEqual([200, true]);
      expect(await on.act({ action: 'restartChild', id: row.id })).toMatchObject({ ok: true });
    }
    await stream.first(
      ({ event, data }) => event === 'delta' && (data as { added: object[] }).added.length > 0,
    );
    expect(new Set(stream.all.map(({ event }) => event))).toEqual(new Set(['snapshot', 'delta', 'log']));
    expect(JSON.stringify(stream.all).length).toBeLessThan(500_000);
    expect(on.lines.some((line) => line.includes('onerror=alert(1)'))).toBe(true);
    for (const line of on.lines) {
      expect(line).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/u);
      expect(Buffer.byteLength(line)).toBeLessThan(4_096);
      JSON.parse(line);
    }
    const { body } = await on.ask('/metrics', { headers: on.bearer });
    expect(body).not.toMatch(/[^\P{C}\n]|[\p{Zl}\p{Zp}]|<img/u);
  });
});

describe('bodies', () => {
  const send = (on: Inspected, body: string | Buffer) =>
    on.ask('/api/actions', {
      method: 'POST',
      headers: { ...on.bearer, 'content-type': 'application/json', 'x-espalier-action': '1' },
      body,
    });

  test('of 64 KiB are read, beyond that refused, announced or in chunks', async () => {
    const on = await inspected({ actions: true });
    const sized = (size: number): string => {
      const around = JSON.stringify({ action: 'kill', id: 'x', pad: '' }).length;
      return JSON.stringify({ action: 'kill', id: 'x', pad: 'p'.repeat(size - around) });
    };
    expect((await send(on, sized(65_536))).status).toBe(200);
    expect((await send(on, sized(65_537))).status).toBe(413);
    const chunked = (count: number): string =>
      `POST /api/actions HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}\r\n` +
      `Content-Type: application/json\r\nX-Espalier-Action: 1\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `1000\r\n${' '.repeat(4_096)}\r\n`.repeat(count);
    const [answer] = answers(await on.raw(`${chunked(17)}`));
    expect(answer?.status).toBe(413);
    expectPolicy(answer!.headers);
  });

  test.each<[string, string, RegExp]>([
    ['empty', '', /no JSON/],
    ['half', '{"action":', /no JSON/],
    ['no text', '\u0000', /no JSON/],
    ['an array', '[]', /object/],
    ['null', 'null', /object/],
    ['a number', '1', /object/],
    ['without an action', '{"id":"x"}', /action must be/],
    ['of an unknown action', '{"action":"__proto__","id":"x"}', /action must be/],
    ['without an id', '{"action":"kill"}', /id must be/],
    ['an id that is no text', '{"action":"kill","id":{"a":1}}', /id must be/],
    ['an id that is too long', JSON.stringify({ action: 'kill', id: 'x'.repeat(1_025) }), /id must be/],
    ['a prototype', '{"__proto__":{"action":"kill","id":"x"}}', /id must be/],
    ['deep', '['.repeat(30_000), /no JSON/],
    ['deep and whole', '['.repeat(30_000) + ']'.repeat(30_000), /object/],
    ['a trace without end', '{"action":"trace","id":"x","max":1e9,"ms":1}', /max must be/],
    ['a time that is none', '{"action":"terminate","id":"x","timeoutMs":-1}', /timeoutMs/],
    ['a call of nothing', '{"action":"call"}', /procedure/],
  ])('that make no sense are refused: %s', async (_name, body, error) => {
    const on = await inspected({ actions: true });
    const answer = await send(on, body);
    expect([answer.status, JSON.parse(answer.body)]).toEqual([
      400,
      { error: expect.stringMatching(error) as string },
    ]);
  });

  test('that are deep are no trouble for a call either', async () => {
    const on = await inspected({ actions: true });
    const args = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    const answer = await send(on, `{"action":"call","procedure":"a.b","args":${args}}`);
    expect(JSON.parse(answer.body)).toMatchObject({ ok: false, error: { tag: 'invalid_args' } });
  });
});

describe('connections', () => {
  test('64 of whoever comes do not keep us out: of those on which nobody was let in the oldest make room', async () => {
    const on = await inspected();
    const stream = await on.stream();
    const { cookie } = await on.enter();
    const silent = [];
    for (let n = 0; n < 80; n++) {
      const socket = await socketTo(on.port);
      const ended = whole(socket);
      // what another server of this machine may know lets nobody in
      if (n % 2 === 0)
        socket.write(`GET /icon.svg HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nCookie: ${cookie}\r\n\r\n`);
      silent.push({ socket, ended });
    }
    await Promise.all(silent.slice(0, 15).map(({ ended }) => ended));
    expect(silent.at(-1)!.socket.destroyed).toBe(false);
    for (let n = 0; n < 5; n++) expect((await on.ask('/api/node', { headers: on.bearer })).status).toBe(200);
    expect(stream.over()).toBe(false);
  });

  test('at most 64 of those that were let in, then no more until one is gone', async () => {
    const on = await inspected();
    const sockets: Socket[] = [];
    for (let n = 0; n < 64; n++) {
      const socket = await socketTo(on.port);
      sockets.push(socket);
      const told = once(socket, 'data');
      socket.write(
        `GET /api/node HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}\r\n\r\n`,
      );
      await told;
    }
    expect(await whole(await socketTo(on.port))).toBe('');
    for (const socket of sockets) socket.destroy();
    let status: number | undefined;
    await until(() => {
      void on.ask('/api/node', { headers: on.bearer }).then(
        (answer) => (status = answer.status),
        () => undefined,
      );
      return status === 200;
    });
  });

  test('who says nothing, or its head or body byte by byte, is cut off within seconds', async () => {
    const on = await inspected({ actions: true });
    const [silent, head, body, kept] = [
      await on.socket(),
      await on.socket(),
      await on.socket(),
      await on.socket(),
    ];
    const ends = [silent, head, body, kept].map((socket) => whole(socket));
    const start = `POST /api/actions HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}\r\n`;
    head.write(start);
    body.write(
      `${start}Content-Type: application/json\r\nX-Espalier-Action: 1\r\nContent-Length: 10000\r\n\r\n`,
    );
    kept.write(
      `GET /api/node HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\nAuthorization: Bearer ${on.token}\r\n\r\n`,
    );
    const drip = setInterval(() => {
      if (!head.destroyed) head.write('X');
      if (!body.destroyed) body.write(' ');
    }, 50);
    const [none, late, slow, answered] = await Promise.all(ends);
    clearInterval(drip);
    expect(none === '' || answers(none!)[0]?.status === 408).toBe(true);
    expect(answers(late!)).toMatchObject([{ status: 408 }]);
    expect(answers(slow!)).toMatchObject([{ status: 408 }]);
    for (const text of [late, slow]) expectPolicy(answers(text!)[0]!.headers);
    expect(answers(answered!)).toMatchObject([{ status: 200 }]);
  }, 40_000);

  test('requests in a row on one connection are each judged', async () => {
    const on = await inspected();
    const host = `Host: 127.0.0.1:${on.port}\r\n`;
    const good = `GET /api/node HTTP/1.1\r\n${host}Authorization: Bearer ${on.token}\r\n\r\n`;
    const bad = `GET /api/node HTTP/1.1\r\n${host}\r\n`;
    expect(answers(await on.raw(good + good + bad + good)).map(({ status }) => status)).toEqual([
      200, 200, 401,
    ]);
    // no second request hides in the body of the first
    const smuggled = `GET /api/node HTTP/1.1\r\n${host}Authorization: Bearer x\r\nContent-Length: ${good.length}\r\n\r\n${good}`;
    expect(answers(await on.raw(smuggled)).map(({ status }) => status)).toEqual([401]);
  });

  test('an expectation is no way around', async () => {
    const on = await inspected();
    expect(await one(on, `GET /api/node HTTP/1.1\r\nHost: x\r\nExpect: miracles`)).toBe(421);
    expect(
      await one(on, `GET /api/node HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket`),
    ).toBe(421);
    const tunnel = answers(
      await on.raw(`CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: 127.0.0.1:${on.port}\r\n\r\n`),
    );
    expect(tunnel.filter(({ status }) => status < 400)).toEqual([]);
  });
});
