import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  cookieName,
  hostsOf,
  judge,
  judgeAction,
  type Asked,
  type Rules,
} from '../../../src/inspect/http/guard.ts';
import { Sessions } from '../../../src/inspect/http/sessions.ts';
import { seededRandom } from '../../../src/actor/random.ts';

const TOKEN = 'pRKtR9NbA1NaQnYJnXN6hLhj20pKWuuc';
const PORT = 9911;
const SESSIONS = new Sessions();
const { secret: SECRET, key: KEY } = SESSIONS.open(seededRandom('a session'), 0);
const RULES: Rules = {
  hosts: hostsOf('127.0.0.1', PORT),
  scheme: 'http',
  token: TOKEN,
  cookie: cookieName(PORT),
  session: (secrets) => SESSIONS.find(secrets, 0),
};
const HOST = `127.0.0.1:${PORT}`;
const BEARER = `Bearer ${TOKEN}`;

type Headers = Asked['headers'];
const asked = (headers: Headers, more: Partial<Asked> = {}): Asked => ({
  method: 'GET',
  headers,
  ticket: null,
  ...more,
});
const statusOf = (headers: Headers, more?: Partial<Asked>): number | 'pass' | 'files' | 'enter' => {
  const verdict = judge(asked(headers, more), RULES);
  if (verdict.tag === 'pass') return verdict.reach === 'all' ? 'pass' : 'files';
  return verdict.tag === 'refused' ? verdict.status : verdict.tag;
};
const action = (headers: Headers, method = 'POST', actions = true): number | 'pass' => {
  const verdict = judgeAction(asked(headers, { method }), actions);
  return verdict.tag === 'refused' ? verdict.status : 'pass';
};

describe('Host', () => {
  test.each(['127.0.0.1', 'localhost', 'LocalHost', '[::1]'])('%s with the port is ours', (name) => {
    expect(statusOf({ host: `${name}:${PORT}`, authorization: BEARER })).toBe('pass');
  });

  test.each([
    undefined,
    '',
    'evil.example',
    `evil.example:${PORT}`,
    '127.0.0.1',
    'localhost',
    '127.0.0.1:9912',
    '127.0.0.1:09911',
    '127.0.0.1:99110',
    `127.0.0.1.evil.example:${PORT}`,
    `localhost.evil.example:${PORT}`,
    `localhost.:${PORT}`,
    `evil@127.0.0.1:${PORT}`,
    `127.1:${PORT}`,
    `2130706433:${PORT}`,
    `0x7f.0.0.1:${PORT}`,
    `0.0.0.0:${PORT}`,
    `[::ffff:127.0.0.1]:${PORT}`,
    `::1:${PORT}`,
    `${HOST}, evil.example`,
    `${HOST},${HOST}`,
    ` ${HOST}`,
    `${HOST}/`,
    `${HOST}\u0000`,
    `rebind.127.0.0.1.nip.io:${PORT}`,
    `ⅼocalhost:${PORT}`,
  ])('%j is not', (host) => {
    expect(statusOf({ host, authorization: BEARER })).toBe(421);
  });

  test('two of them are none', () => {
    expect(statusOf({ host: [HOST, HOST], authorization: BEARER })).toBe(421);
  });

  test('an address that it was told to listen at is one too, and the usual port goes without saying', () => {
    expect([...hostsOf('127.0.0.2', 1)]).toContain('127.0.0.2:1');
    expect([...hostsOf('::1', 1)]).toContain('[::1]:1');
    expect([...hostsOf('127.0.0.1', 80)]).toEqual(expect.arrayContaining(['localhost', 'localhost:80']));
    expect([...hostsOf('127.0.0.1', 8080)]).not.toContain('localhost');
  });
});

describe('Origin', () => {
  test('that of the page itself is let in, by the name it was opened with', () => {
    for (const name of ['127.0.0.1', 'localhost', '[::1]'])
      expect(
        statusOf({ host: `${name}:${PORT}`, origin: `http://${name}:${PORT}`, authorization: BEARER }),
      ).toBe('pass');
  });

  test.each([
    'null',
    '',
    'http://evil.example',
    `http://evil.example:${PORT}`,
    `https://${HOST}`,
    'http://127.0.0.1',
    'http://127.0.0.1:9912',
    `http://localhost:${PORT}`,
    `http://${HOST}/`,
    `http://${HOST}.evil.example`,
    `http://${HOST}, http://${HOST}`,
    `HTTP://${HOST}`,
    HOST,
    'file://',
    'chrome-extension://abcdefghijklmnop',
    '*',
  ])('%j is refused', (origin) => {
    expect(statusOf({ host: HOST, origin, authorization: BEARER })).toBe(403);
  });

  test('two of them are none', () => {
    expect(statusOf({ host: HOST, origin: [`http://${HOST}`], authorization: BEARER })).toBe(403);
  });
});

describe('Sec-Fetch-Site', () => {
  test.each(['same-origin', 'none'])('%s is let in', (site) => {
    expect(statusOf({ host: HOST, 'sec-fetch-site': site, authorization: BEARER })).toBe('pass');
  });
  test.each(['cross-site', 'same-site', '', 'Same-Origin', 'same-origin, none', 'x'])(
    '%j is refused',
    (site) => {
      expect(statusOf({ host: HOST, 'sec-fetch-site': site, authorization: BEARER })).toBe(403);
    },
  );
});

describe('the session of a page', () => {
  const cookie = `${cookieName(PORT)}=${SECRET}`;
  const key = { 'x-espalier-key': KEY };

  test.each<[string, Headers]>([
    ['its cookie', { cookie }],
    ['its cookie among others', { cookie: `a=b; ${cookie}; espalier_inspector_1=x` }],
    ['its cookie behind one that another port has set', { cookie: `${cookieName(PORT)}=x; ${cookie}` }],
    ['its cookie beside another kind of authorization', { cookie, authorization: 'Basic abc' }],
  ])('by %s gets the files of the page, and with its key all', (_name, headers) => {
    expect(statusOf({ host: HOST, ...headers })).toBe('files');
    expect(statusOf({ host: HOST, ...headers, ...key })).toBe('pass');
  });

  test.each<[string, Headers]>([
    ['none', {}],
    ['an empty one', { 'x-espalier-key': '' }],
    ['a shorter one', { 'x-espalier-key': KEY.slice(1) }],
    ['a longer one', { 'x-espalier-key': `${KEY}x` }],
    ['a much longer one', { 'x-espalier-key': KEY.repeat(300) }],
    ['twice the right one', { 'x-espalier-key': `${KEY}, ${KEY}` }],
    ['the other half', { 'x-espalier-key': SECRET }],
    ['the token', { 'x-espalier-key': TOKEN }],
    ['that of another session', { 'x-espalier-key': SESSIONS.open(seededRandom('another'), 0).key }],
  ])('gets no more by this key: %s', (_name, headers) => {
    expect(statusOf({ host: HOST, cookie, ...headers })).toBe('files');
  });

  test('its key without its cookie gets nothing, nor does any half in the place of the token', () => {
    for (const headers of [
      key,
      { ...key, cookie: cookieName(PORT) },
      { ...key, cookie: `${cookieName(PORT)}=${KEY}` },
      { ...key, cookie: `${cookieName(PORT)}=${TOKEN}` },
      { ...key, cookie: `${cookieName(9912)}=${SECRET}` },
      { ...key, cookie: `x${cookie}` },
      { ...key, cookie: `${cookie}x` },
      { authorization: `Bearer ${SECRET}` },
      { authorization: `Bearer ${KEY}` },
    ])
      expect([headers, statusOf({ host: HOST, ...headers })]).toEqual([headers, 401]);
    for (const ticket of [SECRET, KEY]) expect(statusOf({ host: HOST }, { ticket })).toBe(401);
  });

  test('is judged after Host, Origin and Sec-Fetch-Site as the token is', () => {
    expect(statusOf({ host: 'evil.example', cookie, ...key })).toBe(421);
    expect(statusOf({ host: HOST, origin: 'http://127.0.0.1:9912', cookie, ...key })).toBe(403);
    expect(statusOf({ host: HOST, 'sec-fetch-site': 'same-site', cookie, ...key })).toBe(403);
  });
});

describe('the token', () => {
  const cookie = `${cookieName(PORT)}=${SECRET}`;

  test.each<[string, Headers]>([
    ['bearer', { authorization: BEARER }],
    ['bearer of another case', { authorization: `bEARER   ${TOKEN}` }],
  ])('by %s lets in', (_name, headers) => {
    expect(statusOf({ host: HOST, ...headers })).toBe('pass');
  });

  test.each<[string, Headers]>([
    ['none', {}],
    ['a wrong one', { authorization: `Bearer ${TOKEN.toLowerCase()}` }],
    ['a wrong one of that length', { authorization: `Bearer ${'x'.repeat(TOKEN.length)}` }],
    ['a shorter one', { authorization: `Bearer ${TOKEN.slice(0, -1)}` }],
    ['a longer one', { authorization: `${BEARER}x` }],
    ['a much longer one', { authorization: `Bearer ${'x'.repeat(10_000)}` }],
    ['an empty one', { authorization: 'Bearer ' }],
    ['bare', { authorization: TOKEN }],
    ['another scheme', { authorization: `Basic ${TOKEN}` }],
    ['two', { authorization: `${BEARER}, ${BEARER}` }],
    ['in a cookie', { cookie: `${cookieName(PORT)}=${TOKEN}` }],
    ['the cookie of another port', { cookie: `${cookieName(9912)}=${SECRET}` }],
    ['a cookie whose name ends so', { cookie: `x${cookie}` }],
    ['a cookie of another case', { cookie: cookie.toUpperCase() }],
    ['a cookie without a value', { cookie: cookieName(PORT) }],
    ['a wrong cookie', { cookie: `${cookie}x` }],
    ['a wrong bearer beside the right session', { cookie, 'x-espalier-key': KEY, authorization: 'Bearer x' }],
  ])('%s does not', (_name, headers) => {
    expect(statusOf({ host: HOST, ...headers })).toBe(401);
  });

  test('in the link of the page becomes a session, by GET or HEAD only', () => {
    for (const method of ['GET', 'HEAD'])
      expect(statusOf({ host: HOST }, { ticket: TOKEN, method })).toBe('enter');
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS', 'get'])
      expect(statusOf({ host: HOST }, { ticket: TOKEN, method })).toBe(401);
    for (const ticket of ['', 'x', `${TOKEN}x`, TOKEN.slice(1)])
      expect(statusOf({ host: HOST }, { ticket })).toBe(401);
    // and from nowhere else
    expect(statusOf({ host: 'evil.example' }, { ticket: TOKEN })).toBe(421);
    expect(statusOf({ host: HOST, origin: 'http://evil.example' }, { ticket: TOKEN })).toBe(403);
    expect(statusOf({ host: HOST, 'sec-fetch-site': 'cross-site' }, { ticket: TOKEN })).toBe(403);
  });

  test('whatever is sent is judged in no time', () => {
    for (const authorization of [
      `Bearer${' '.repeat(16_000)}`,
      `Bearer ${'a'.repeat(8_000)} ${'b'.repeat(8_000)}`,
    ])
      expect(statusOf({ host: HOST, authorization })).toBe(401);
    expect(statusOf({ host: HOST, cookie: '=;'.repeat(8_000) })).toBe(401);
    expect(statusOf({ host: HOST, cookie: `${cookieName(PORT)}=x;`.repeat(700) })).toBe(401);
  });
});

describe('the order of the checks', () => {
  const wrong = {
    host: fc.constantFrom('evil.example', `localhost.evil:${PORT}`),
    origin: fc.constantFrom('null', 'http://evil.example', 'http://127.0.0.1:1'),
    site: fc.constantFrom('cross-site', 'same-site'),
    authorization: fc.constantFrom('Bearer x', undefined),
  };
  const right = {
    host: fc.constantFrom(HOST, `localhost:${PORT}`),
    site: fc.constantFrom('none', 'same-origin', undefined),
  };

  test('Host, Origin, Sec-Fetch-Site, token: the first that fails decides', () => {
    fc.assert(
      fc.property(
        fc.tuple(fc.boolean(), fc.boolean(), fc.boolean(), fc.boolean()),
        wrong.host,
        wrong.origin,
        wrong.site,
        wrong.authorization,
        right.host,
        right.site,
        fc.boolean(),
        ([host, origin, site, token], badHost, badOrigin, badSite, badToken, goodHost, goodSite, named) => {
          const headers = {
            host: host ? goodHost : badHost,
            ...(origin ? (named && host ? { origin: `http://${goodHost}` } : {}) : { origin: badOrigin }),
            'sec-fetch-site': site ? goodSite : badSite,
            authorization: token ? BEARER : badToken,
          };
          const expected = !host ? 421 : !origin ? 403 : !site ? 403 : !token ? 401 : 'pass';
          expect(statusOf(headers)).toBe(expected);
        },
      ),
      { numRuns: 500 },
    );
  });

  test('whatever the headers are, none lets in whoever has no token', () => {
    const name = fc.constantFrom(
      'host',
      'origin',
      'sec-fetch-site',
      'authorization',
      'cookie',
      'x-espalier-key',
      'x-forwarded-for',
    );
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom(HOST, `http://${HOST}`, 'none', 'same-origin', 'Bearer ', `${cookieName(PORT)}=`),
    );
    fc.assert(
      fc.property(fc.dictionary(name, value), fc.option(fc.string()), (headers, ticket) => {
        expect([401, 403, 421]).toContain(statusOf(headers, { ticket }));
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('judgeAction', () => {
  const right = { 'content-type': 'application/json', 'x-espalier-action': '1' };

  test('lets a POST of JSON with its own header pass, where actions are on', () => {
    expect(action(right)).toBe('pass');
    expect(action({ ...right, 'content-type': 'Application/JSON; charset=utf-8' })).toBe('pass');
  });

  test.each(['GET', 'HEAD', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'post'])(
    '%s is not the method',
    (method) => {
      expect([action(right, method), action(right, method, false)]).toEqual([405, 405]);
    },
  );

  test('without actions nothing passes', () => {
    expect([action(right, 'POST', false), action({}, 'POST', false)]).toEqual([403, 403]);
  });

  test.each([
    undefined,
    '',
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'text/plain; application/json',
    'application/jsonp',
    'application/json, text/plain',
  ])('%j is not the type', (type) => {
    expect(action({ ...right, 'content-type': type })).toBe(415);
  });

  test.each([undefined, '', '0', 'true', '1, 1', '11'])('%j is not the header', (value) => {
    expect(action({ ...right, 'x-espalier-action': value })).toBe(403);
  });
});
