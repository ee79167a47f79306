/**
 * `espalier inspect --connect`: a node of another process looked at through the mesh, over real QUIC; who is refused; who has gone.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import {
  advertise,
  endAll,
  espalier,
  run,
  SERVICES,
  type Child,
  type Ended,
  type Ready,
} from '../cli/process.ts';
import { endTerminals, hasPty, Pty } from '../cli/inspect/pty.ts';

interface Failed {
  readonly ok: false;
  readonly error: {
    readonly tag: string;
    readonly message: string;
    readonly details: { readonly id?: string };
  };
}

const folder = mkdtempSync(join(tmpdir(), 'espalier-far-'));
const identity = join(folder, 'me.key');
const env = { XDG_RUNTIME_DIR: folder, TMPDIR: folder };
let id = '';

if (!hasPty) console.log('skipped: a terminal, for there is no script(1) here');

afterEach(async () => {
  await endTerminals();
  await endAll();
});
afterAll(() => rmSync(folder, { recursive: true }));

async function started(...args: readonly string[]): Promise<{ node: Child; url: string; id: string }> {
  const node = espalier(['node', '--listen', '127.0.0.1:0', '--json', ...args], { env });
  const ready = await node.json<Ready>();
  return { node, url: ready.url, id: ready.id };
}

const watched = (...args: readonly string[]): Promise<{ node: Child; url: string; id: string }> =>
  started('--inspector', '--no-inspector-announce', '--inspector-allow', id, ...args);

const inspect = (url: string, ...args: readonly string[]): Promise<Ended> =>
  run(['inspect', '--connect', url, '--identity', identity, '--interval', '100', ...args], { env });

const failureOf = ({ stdout }: Ended): Failed['error'] => (JSON.parse(stdout) as Failed).error;

/** Who is refused is told its id: that is how one learns it. */
beforeAll(async () => {
  const { url } = await started();
  const { error } = JSON.parse((await inspect(url, '--json')).stdout) as Failed;
  id = error.details.id ?? '';
  await endAll();
});

describe('who is named', () => {
  test('sees the tree as on the spot: as text, as one document, as lines', async () => {
    const { url } = await watched();
    const text = await inspect(url, '--depth', '2');
    expect([text.code, text.stderr]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^\\d+ of \\d+ actors of ${url}\n$`)) as string,
    ]);
    expect(text.stdout).toMatch(/^NAME .* RESTARTS {2}CRASHES {2}HANDLING\nnode {2}/);
    expect(text.stdout).toMatch(/^ {3}└─ inspector /m);
    const document = await inspect(url, 'network/peers', '--json');
    expect(JSON.parse(document.stdout)).toMatchObject({
      ok: true,
      schema: 1,
      node: url,
      root: { name: 'peers' },
    });
    const lines = (await inspect(url, 'network/peers', '--ndjson')).stdout.trimEnd().split('\n');
    expect(lines.map((line) => (JSON.parse(line) as { name: string }).name)).toContain('peerPool');
  });

  test('sees one actor closely, and the crashes', async () => {
    const { url } = await watched();
    const provider = await advertise(url, SERVICES);
    const details = await inspect(url, 'services/router', '--details');
    expect(details).toMatchObject({ code: 0, stderr: '' });
    expect(details.stdout).toMatch(
      /^id +<0\.\d+>\npath +node > services > router\nkind +GenServer\nstatus +running, /,
    );
    const told = JSON.parse((await inspect(url, 'services/router', '--details', '--json')).stdout) as object;
    expect(told).toMatchObject({ ok: true, node: url, row: { name: 'router' }, status: {}, crashes: [] });
    expect(await inspect(url, '--crashes')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: `no crashes of ${url}\n`,
    });
    expect((await inspect(url, 'services/nobody', '--details')).code).toBe(3);
    await provider.end();
  });

  test('follows it: all of it first, then what changes', async () => {
    const { node, url } = await watched();
    const watching = espalier(
      ['inspect', '--connect', url, '--identity', identity, '--watch', '--ndjson', '--interval', '100'],
      { env },
    );
    const first = await watching.json<{ event: string; data: { node: string; rows: readonly object[] } }>();
    expect(first).toMatchObject({ event: 'snapshot', data: { node: url } });
    expect(first.data.rows.length).toBeGreaterThan(10);
    expect(await watching.json()).toMatchObject({ event: 'delta', data: { added: [], removed: [] } });
    await node.end();
    const { code, stdout } = await watching.ended;
    // gone while it is looked at
    expect(code).toBe(1);
    expect(
      failureOf({ code, stdout: stdout.trimEnd().split('\n').at(-1) ?? '', stderr: '', signal: null }).tag,
    ).toBe('connection_error');
  });

  test.skipIf(!hasPty)(
    'shows it live on a terminal, says when it has gone, and q ends that too',
    async () => {
      const { node, url } = await watched();
      const pty = new Pty(
        ['inspect', '--watch', '--connect', url, '--identity', identity, '--interval', '100'],
        { columns: 80, rows: 24 },
        { ...env, NO_COLOR: '1' },
      );
      await pty.until(`espalier ${url}`);
      await pty.until('live');
      await node.end();
      await pty.until('not connected');
      pty.type('q');
      expect(await pty.ended).toBe(0);
      // no line of its own log is on the screen
      expect(pty.text).not.toContain('"level"');
    },
  );

  test('finds a node that it is not connected to by its id, and takes no other for it', async () => {
    const first = await started();
    const far = await watched('--bootstrap', first.url);
    const found = await inspect(first.url, '--node-id', far.id, '--json', '--depth', '0');
    expect(JSON.parse(found.stdout)).toMatchObject({ ok: true, node: far.url });
    const nobody = await inspect(first.url, '--node-id', 'ab'.repeat(32), '--json', '--timeout', '2000');
    expect([nobody.code, ['connection_error', 'timeout'].includes(failureOf(nobody).tag)]).toEqual([
      failureOf(nobody).tag === 'timeout' ? 4 : 1,
      true,
    ]);
  });
});

describe('who is not', () => {
  test('is told so, with the id that would have to be named, and sees nothing: exit code 1', async () => {
    const { url } = await started(
      '--inspector',
      '--no-inspector-announce',
      '--inspector-allow',
      'ab'.repeat(32),
    );
    for (const what of [[], ['--crashes'], ['services/router', '--details'], ['--watch', '--ndjson']]) {
      const refused = await inspect(url, ...what, ...(what.includes('--watch') ? [] : ['--json']));
      expect([refused.code, failureOf(refused)]).toMatchObject([1, { tag: 'unauthorized', details: { id } }]);
    }
    expect((await inspect(url)).stderr).toContain(`our id is ${id}`);
  });

  test('nobody at all is a connection error: exit code 1', async () => {
    const { node, url } = await watched();
    await node.end();
    const gone = await inspect(url, '--json', '--timeout', '1000');
    expect([gone.code === 1 || gone.code === 4, ['connection_error', 'timeout']]).toEqual([
      true,
      expect.arrayContaining([failureOf(gone).tag]),
    ]);
  });
});

describe('what is a mistake', () => {
  test('no key, two places in one breath, an id without a place: exit code 2', async () => {
    const url = 'https://127.0.0.1:1';
    const wrong: readonly (readonly [string, readonly string[]])[] = [
      ['identity: is missing', ['--connect', url]],
      ['give one of them', ['--connect', url, '--url', 'http://127.0.0.1:1']],
      ['needs --connect', ['--node-id', 'ab'.repeat(32)]],
      ['path: is missing', ['--details']],
      ['cannot be used with', ['app', '--details', '--watch']],
      ['cannot be used with', ['--crashes', '--watch']],
    ];
    for (const [said, args] of wrong) {
      const { code, stderr } = await run(['inspect', ...args], { env });
      expect([code, stderr]).toEqual([2, expect.stringContaining(said) as string]);
    }
    const { code, stderr } = await run(['node', '--inspector-allow', 'ab'.repeat(32)], { env });
    expect([code, stderr]).toEqual([2, expect.stringContaining('needs --inspector') as string]);
  });
});
