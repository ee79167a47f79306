/** How `espalier node` and `espalier dist` are told of the distribution: cookies, names, EPMD. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { readCookie, wrongFile } from '../../src/cli/dist/cookie-file.ts';
import { epmdPort, expectEpmd } from '../../src/cli/dist/epmd.ts';
import { distOf } from '../../src/cli/dist/node-options.ts';
import { isVisited } from '../../src/cli/dist/visit.ts';
import { RpcError } from '../../src/mesh/errors/rpc-error.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-cli-dist-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
  vi.unstubAllEnvs();
});

function cookieFile(text: string, mode = 0o400): string {
  const file = join(folder, `cookie-${mode}-${text.length}`);
  writeFileSync(file, text, { encoding: 'latin1' });
  chmodSync(file, mode);
  return file;
}

const refusal = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof RpcError && error.failure.tag === 'invalid_args') return error.message;
    throw error;
  }
  return expect.fail('it was taken');
};

test('a cluster needs a cookie, and is one of the DHT', () => {
  expect(refusal(() => distOf({ cluster: 'shop' }))).toContain('--cluster needs it');
  expect(distOf({ cluster: 'shop', cookieFile: cookieFile('secret') })).toEqual({
    cookie: 'secret',
    cluster: { strategy: 'dht', name: 'shop' },
  });
});

describe('a cookie file', () => {
  test.each([
    ['secret', 'secret'],
    ['secret\n', 'secret'],
    ['secret\r\n\n', 'secret'],
    ['with blanks \n  ', 'with blanks '],
    [`${'x'.repeat(255)}\n`, 'x'.repeat(255)],
  ])('%j holds the cookie that Erlang reads there', (text, cookie) => {
    expect(readCookie(cookieFile(text))).toBe(cookie);
  });

  test.each([
    '',
    '\n',
    'two\nlines',
    'tab\there',
    'tab behind\t\n',
    'caf\xe9',
    'x'.repeat(256),
    'x'.repeat(5_000),
  ])('%j is refused, and the cookie is not shown', (text) => {
    const message = refusal(() => readCookie(cookieFile(text)));
    expect(message).toContain('cookie-file: ');
    if (text.length > 3) expect(message).not.toContain(text.slice(0, 4));
  });

  test('is for its owner only, is a file, and is there', () => {
    for (const mode of [0o400, 0o600]) expect(readCookie(cookieFile('secret', mode))).toBe('secret');
    for (const mode of [0o640, 0o604, 0o610, 0o444])
      expect(refusal(() => readCookie(cookieFile('secret', mode)))).toContain('its owner only');
    mkdirSync(join(folder, 'folder'), { mode: 0o700 });
    expect(refusal(() => readCookie(join(folder, 'folder')))).toContain('must be a file');
    expect(refusal(() => readCookie(join(folder, 'none')))).toContain('ENOENT');
  });

  test('has no such bits on Windows', () => {
    const stats = { isFile: () => true, mode: 0o100_666, size: 5 };
    expect([wrongFile(stats, 'win32'), wrongFile(stats, 'linux')]).toEqual([
      undefined,
      expect.stringContaining('owner'),
    ]);
  });
});

describe('a node takes part in the distribution', () => {
  const TCP = { epmd: { port: 4_369 } };

  test('when it has a name, a cookie, or is for Erlang; and not otherwise', () => {
    vi.stubEnv('ERL_EPMD_PORT', undefined);
    const file = cookieFile('secret');
    const cookie = 'secret';
    expect(distOf({ listen: '127.0.0.1:0' })).toBeUndefined();
    expect(distOf({ cookieFile: file })).toEqual({ cookie });
    expect(distOf({ cookieFile: file, name: '4433@10.0.0.1' })).toEqual({ cookie, name: '4433@10.0.0.1' });
    expect(distOf({ cookieFile: file, erlang: true })).toEqual({ cookie, tcp: TCP });
    expect(distOf({ cookieFile: file, erlang: true, name: 'a@localhost' })).toEqual({
      cookie,
      name: 'a@localhost',
      tcp: TCP,
    });
  });

  test('never without a cookie, never over TCP beyond this machine, and not by names that nobody finds', () => {
    const file = cookieFile('secret');
    expect(refusal(() => distOf({ name: '4433@127.0.0.1' }))).toContain('--name needs it');
    expect(refusal(() => distOf({ erlang: true }))).toContain('--erlang needs it');
    expect(refusal(() => distOf({ cookieFile: file, name: 'a@127.0.0.1' }))).toContain('--erlang');
    for (const name of ['4433@0.0.0.0', '4433@[::]'])
      expect(refusal(() => distOf({ cookieFile: file, name }))).toContain('where this node is');
    const beyond = { cookieFile: file, erlang: true };
    expect(refusal(() => distOf({ ...beyond, name: '4433@10.0.0.1' }))).toContain('10.0.0.1');
    expect(refusal(() => distOf({ ...beyond, listen: '0.0.0.0:9443' }))).toContain('0.0.0.0');
  });

  test.each(['4433@127.0.0.1', '4433@[::1]', 'a@host', 'a-b@127.0.0.1', '4433a@host'])(
    '%s is a name',
    (name) => {
      expect(isVisited(name)).toBe(true);
    },
  );

  test.each(['a', 'a@', '@host', 'a@b@c', '0@host', '65536@host', '04433@host', '+80@host', 'a b@host', ''])(
    '%j is none',
    (name) => {
      expect(isVisited(name)).toBe(false);
    },
  );
});

describe('EPMD', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
    server = undefined;
  });

  /** Answers every question with these bytes. */
  async function epmd(answer: readonly number[]): Promise<void> {
    server = createServer((socket) => {
      socket.on('error', () => {});
      socket.once('data', () => socket.end(Uint8Array.from(answer)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    vi.stubEnv('ERL_EPMD_PORT', String((server.address() as { readonly port: number }).port));
  }
  const TAKEN = [119, 0, 0x11, 0x51, 77, 0, 0, 6, 0, 5, 0, 1, 97, 0, 0];

  test('is where ERL_EPMD_PORT says, or at 4369', () => {
    expect(epmdPort({ ERL_EPMD_PORT: '7701' })).toBe(7_701);
    for (const text of [undefined, '', 'x', '0', '65536', '1.5'])
      expect(epmdPort({ ERL_EPMD_PORT: text })).toBe(4_369);
  });

  test('has to be there, and the name has to be free', async () => {
    await epmd(TAKEN);
    await expect(expectEpmd('a@127.0.0.1')).rejects.toMatchObject({
      failure: { tag: 'name_taken', name: 'a', port: 0x1151 },
    });
    // the name is not known before the node listens
    await expect(expectEpmd(undefined)).resolves.toBeUndefined();
    server?.close();
    await epmd([119, 1]);
    await expect(expectEpmd('a@127.0.0.1')).resolves.toBeUndefined();
    server?.close();
    await once(server as Server, 'close');
    await expect(expectEpmd('a@127.0.0.1')).rejects.toMatchObject({
      failure: { tag: 'no_epmd', detail: expect.stringContaining('ECONNREFUSED') },
    });
  });
});
