/**
 * `espalier inspect` against real nodes: found by their descriptor files, printed, followed, and what goes wrong.
 */
import { chmodSync, existsSync, lstatSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { fakeInspector, TOKEN, type Fake } from '../cli/inspect/fake-inspector.ts';
import { deltaOf, rowOf, SMALL, treeOf } from '../cli/inspect/rows.ts';
import { endAll, espalier, run, type Child, type Ended, type Ready } from '../cli/process.ts';

interface Document {
  readonly ok: boolean;
  readonly schema?: number;
  readonly node?: string;
  readonly root?: { readonly name: string; readonly children: readonly { readonly name: string }[] };
  readonly error?: { readonly tag: string; readonly message: string; readonly details: object };
}

let runtime = '';
const fakes: Fake[] = [];

beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'espalier-inspect-'));
});

afterEach(async () => {
  await endAll();
  await Promise.all(fakes.splice(0).map((fake) => fake.close()));
  rmSync(runtime, { recursive: true, force: true });
});

/** Both places where descriptors may be: what else runs on this machine is not seen. */
const env = (): Record<string, string> => ({ XDG_RUNTIME_DIR: runtime, TMPDIR: runtime });

async function inspected(): Promise<{ node: Child; url: string; inspector: string }> {
  const node = espalier(['node', '--listen', '127.0.0.1:0', '--inspector', '--json'], { env: env() });
  const { url, inspector } = await node.json<Ready & { readonly inspector: string }>();
  return { node, url, inspector };
}

const inspect = (...args: readonly string[]): Promise<Ended> =>
  run(['inspect', '--interval', '100', ...args], { env: env() });

async function faked(options: Parameters<typeof fakeInspector>[0]): Promise<Fake> {
  const fake = await fakeInspector(options);
  fakes.push(fake);
  return fake;
}

const asked = (fake: Fake, ...args: readonly string[]): Promise<Ended> =>
  run(['inspect', '--url', fake.url, '--interval', '100', ...args], {
    env: { ...env(), ESPALIER_INSPECTOR_TOKEN: TOKEN },
  });

describe('a node on this machine', () => {
  test('is found without any option, and prints its tree; its file is for its owner, and gone when it ends', async () => {
    const { node, url } = await inspected();
    const folder = join(runtime, 'espalier');
    const [file = ''] = readdirSync(folder);
    expect(lstatSync(join(folder, file)).mode & 0o777).toBe(0o600);
    const { code, stdout, stderr } = await inspect();
    expect([code, stderr]).toEqual([
      0,
      expect.stringMatching(new RegExp(`^\\d+ actors of ${url}\n$`)) as string,
    ]);
    expect(stdout).toMatch(/^NAME .* RESTARTS {2}CRASHES {2}HANDLING\nnode {2}/);
    expect(stdout).toMatch(/^├─ handlers .* oneForOne 100\/5s +running /m);
    expect(stdout).toMatch(/^│ {2}└─ connections /m);
    expect((await node.end()).code).toBe(0);
    expect(existsSync(join(folder, file))).toBe(false);
  });

  test('one that is not to be announced leaves no file, and is found by its address alone', async () => {
    const node = espalier(
      ['node', '--listen', '127.0.0.1:0', '--inspector', '--no-inspector-announce', '--json'],
      { env: env() },
    );
    const { inspector } = await node.json<{ readonly inspector: string }>();
    expect(existsSync(join(runtime, 'espalier'))).toBe(false);
    expect((await inspect()).stderr).toContain('no inspector of a local runtime was found');
    expect((await inspect('--url', inspector, '--depth', '0')).code).toBe(0);
  });

  test('one whose file cannot be written runs all the same, and says so in a line of its log, without its token', async () => {
    chmodSync(runtime, 0o755);
    const { node, inspector } = await inspected();
    expect((await inspect('--url', inspector, '--depth', '0')).code).toBe(0);
    const { code, stderr } = await node.end();
    const line = JSON.parse(stderr.split('\n')[0] ?? '') as Record<string, unknown>;
    expect([code, line]).toMatchObject([
      0,
      {
        level: 40,
        event: 'inspector.unannounced',
        address: new URL(inspector).origin,
        reason: expect.stringMatching(/is not ours alone$/) as string,
      },
    ]);
    expect(stderr).not.toContain(new URL(inspector).searchParams.get('t'));
  });

  test('one that was killed is none: its file is removed, and the command says how to start one', async () => {
    const { node } = await inspected();
    await node.end('SIGKILL');
    const { code, stdout } = await inspect('--json');
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as Document).error).toMatchObject({ tag: 'no_runtime', details: {} });
    expect(readdirSync(join(runtime, 'espalier'))).toEqual([]);
  });

  test('of two one has to be chosen: both are listed, without their tokens, and the exit code is 2', async () => {
    const nodes = [await inspected(), await inspected()];
    const { code, stderr } = await inspect();
    expect(code).toBe(2);
    for (const { node, url, inspector } of nodes) {
      expect(stderr).toContain(`--pid ${node.process.pid}  ${url}`);
      expect(stderr).not.toContain(new URL(inspector).searchParams.get('t'));
    }
    const chosen = await inspect('--pid', String(nodes[1]?.node.process.pid), '--json');
    expect((JSON.parse(chosen.stdout) as Document).node).toBe(nodes[1]?.url);
  });

  test('--json is one document with the subtree, --ndjson a line for each actor', async () => {
    const { url } = await inspected();
    const one = await inspect('network/peers', '--json');
    const document = JSON.parse(one.stdout) as Document;
    expect([one.code, one.stderr]).toEqual([0, '']);
    expect(document).toMatchObject({ ok: true, schema: 1, node: url, root: { name: 'peers' } });
    expect(document.root?.children.map(({ name }) => name)).toContain('peerPool');
    const lines = await inspect('network/peers', '--ndjson', '--sort', 'name');
    const names = lines.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { name: string }).name);
    expect(names[0]).toBe('peers');
    expect(names.slice(1)).toEqual(names.slice(1).sort());
  });

  test('a path that leads nowhere exits with 3 and says what is there', async () => {
    await inspected();
    const { code, stderr } = await inspect('network/nobody');
    expect(code).toBe(3);
    expect(stderr).toBe('error: there is no actor "network/nobody": there are discovery, peers\n');
  });

  test('the link that the node printed will do, a wrong token will not, and no token is ever shown', async () => {
    const { inspector } = await inspected();
    const link = new URL(inspector);
    expect((await inspect('--url', inspector, '--depth', '0')).stdout.split('\n')).toHaveLength(3);
    const refused = await run(['inspect', '--url', link.origin, '--json'], {
      env: { ...env(), ESPALIER_INSPECTOR_TOKEN: 'wrong-canary' },
    });
    expect(refused.code).toBe(1);
    expect((JSON.parse(refused.stdout) as Document).error).toMatchObject({
      tag: 'refused',
      details: { status: 401 },
    });
    expect(refused.stdout + refused.stderr).not.toContain('canary');
  });

  test('a token may come from a file that only its owner reads', async () => {
    const { inspector } = await inspected();
    const link = new URL(inspector);
    const file = join(runtime, 'token');
    writeFileSync(file, `${link.searchParams.get('t')}\n`, { mode: 0o600 });
    const ended = await inspect('--url', link.origin, '--token-file', file, '--depth', '0');
    expect(ended.code).toBe(0);
  });

  test('a node takes its token from such a file, for those who come again and again, and from no other', async () => {
    const file = join(runtime, 'own');
    const token = 'scraper_0123456789';
    writeFileSync(file, `${token}\n`, { mode: 0o600 });
    const args = ['node', '--listen', '127.0.0.1:0', '--inspector', '--json', '--inspector-token-file', file];
    const { inspector } = await espalier(args, { env: env() }).json<{ readonly inspector: string }>();
    const scraped = await fetch(`${new URL(inspector).origin}/metrics`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect([scraped.status, await scraped.text()]).toEqual([
      200,
      expect.stringContaining('espalier_actor_running') as string,
    ]);
    chmodSync(file, 0o644);
    const refused = await run(args, { env: env() });
    expect([refused.code, refused.stdout]).toEqual([
      2,
      expect.stringContaining('must be accessible by its owner only') as string,
    ]);
  });

  test('--watch --ndjson follows it without a terminal, and a signal ends it with 0', async () => {
    const { url } = await inspected();
    const watching = espalier(['inspect', '--watch', '--ndjson', '--interval', '100'], { env: env() });
    const first = await watching.json<{ event: string; data: { node: string; rows: readonly object[] } }>();
    expect(first).toMatchObject({ event: 'snapshot', data: { node: url } });
    expect(first.data.rows.length).toBeGreaterThan(10);
    expect(await watching.end('SIGTERM')).toMatchObject({ code: 0, stderr: '' });
  });

  test('--watch without a terminal is a mistake: exit code 2', async () => {
    await inspected();
    const { code, stderr } = await inspect('--watch');
    expect(code).toBe(2);
    expect(stderr).toContain('needs a terminal');
  });
});

describe('what answers instead of an inspector', () => {
  test('hostile names are told without their escapes, as text and as JSON', async () => {
    const name = '\u001b[2J\u202eevil\u009b31m\n</script>';
    const fake = await faked({ tree: treeOf([rowOf('<0.1>', null, { name, status: name, type: name })]) });
    for (const mode of [[], ['--json'], ['--ndjson']]) {
      const { code, stdout } = await asked(fake, ...mode);
      expect(code).toBe(0);
      expect(stdout.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      expect(stdout).toContain('evil');
    }
  });

  test('rates are those of the first delta', async () => {
    const fake = await faked({ tree: treeOf(SMALL) });
    const looking = asked(fake, '--ndjson', '--interval', '60000');
    const told = setInterval(() => {
      fake.tell('delta', deltaOf(1, { changed: [{ id: 'a', rate: { in: 2, handled: 7 } }] }));
    }, 20);
    const { stdout } = await looking;
    clearInterval(told);
    expect(stdout.split('\n').filter((line) => line.includes('"handled":7'))).toHaveLength(1);
  });

  test('when as many follow as may, the tree is printed without rates, and a warning says so', async () => {
    const tree = treeOf(SMALL);
    const fake = await faked({
      tree,
      answer: ({ url = '' }, response) => {
        const full = url.startsWith('/api/stream');
        response.writeHead(full ? 429 : 200, { 'Content-Type': 'application/json' });
        response.end(JSON.stringify(full ? { error: '8 event streams are open' } : tree));
        return true;
      },
    });
    const { code, stdout, stderr } = await asked(fake);
    expect([code, stdout.split('\n').length]).toEqual([0, SMALL.length + 2]);
    expect(stderr).toMatch(/^warning: 8 event streams are open; rates are not known\n/);
  });

  test('a redirection is not followed: the token stays where it was sent', async () => {
    const elsewhere = await faked({ tree: treeOf(SMALL) });
    const fake = await faked({
      tree: {},
      answer: (_request, response) => {
        response.writeHead(302, { Location: `${elsewhere.url}/api/tree` });
        response.end();
        return true;
      },
    });
    expect(await asked(fake)).toMatchObject({ code: 1, stdout: '' });
    expect(elsewhere.asked).toEqual([]);
  });

  test('another schema, no tree, no JSON, another type, a stream that ends: told, exit code 1', async () => {
    const answers: readonly [string, Parameters<typeof fakeInspector>[0]][] = [
      ['strange', { tree: { ...treeOf(SMALL), schema: 2 } }],
      ['strange', { tree: [] }],
      [
        'strange',
        {
          tree: {},
          answer: (_request, response) => {
            response.writeHead(200, { 'Content-Type': 'text/html' });
            response.end('<h1>hello</h1>');
            return true;
          },
        },
      ],
      [
        'strange',
        {
          tree: {},
          answer: (_request, response) => {
            response.writeHead(200, { 'Content-Type': 'text/event-stream' });
            response.end('event: snapshot\ndata: {\n\n');
            return true;
          },
        },
      ],
      [
        'unreachable',
        {
          tree: {},
          answer: (_request, response) => {
            response.writeHead(200, { 'Content-Type': 'text/event-stream' });
            response.end();
            return true;
          },
        },
      ],
    ];
    for (const [tag, options] of answers) {
      const { code, stdout } = await asked(await faked(options), '--json');
      expect([code, (JSON.parse(stdout) as Document).error?.tag]).toEqual([1, tag]);
    }
  });

  test('nobody at all: told, exit code 1', async () => {
    const fake = await fakeInspector({ tree: {} });
    await fake.close();
    const { code, stderr } = await asked(fake);
    expect([code, stderr]).toEqual([
      1,
      `error: the inspector at ${fake.url} cannot be reached: nothing listens there\n`,
    ]);
  });
});
