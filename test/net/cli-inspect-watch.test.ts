/**
 * `espalier inspect --watch` on a terminal: what it shows, what keys do, and that the terminal is as it was on every way out.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { fakeInspector, TOKEN, type Fake } from '../cli/inspect/fake-inspector.ts';
import { endTerminals, hasPty, Pty, type Size } from '../cli/inspect/pty.ts';
import { endAll, espalier, type Child, type Ready } from '../cli/process.ts';
import { deltaOf, rowOf, SMALL, treeOf } from '../cli/inspect/rows.ts';

if (!hasPty) console.log('skipped: no terminal can be made without script of util-linux');

const ENTER = '\u001b[?1049h\u001b[?25l\u001b[?7l';
const LEAVE = '\u001b[?7h\u001b[?25h\u001b[?1049l';
const USUAL: Size = { columns: 80, rows: 24 };

const fakes: Fake[] = [];

afterEach(async () => {
  await endTerminals();
  await Promise.all(fakes.splice(0).map((fake) => fake.close()));
});

async function faked(tree: object = treeOf(SMALL), crashes: readonly object[] = []): Promise<Fake> {
  const fake = await fakeInspector({ tree, crashes });
  fakes.push(fake);
  return fake;
}

interface Opened {
  readonly args?: readonly string[];
  readonly size?: Size;
  readonly env?: Readonly<Record<string, string>>;
}

/** A terminal that shows the first screen. */
async function watching(fake: Fake, { args = [], size = USUAL, env = {} }: Opened = {}): Promise<Pty> {
  const pty = new Pty(['inspect', '--watch', '--url', fake.url, ...args], size, {
    ESPALIER_INSPECTOR_TOKEN: TOKEN,
    NO_COLOR: '1',
    ...env,
  });
  await pty.until(/NAME/);
  return pty;
}

/** How the text ends: the terminal as it was, and nothing behind it. */
const left = (pty: Pty): readonly [boolean, string] => [
  pty.text.lastIndexOf(LEAVE) > pty.text.lastIndexOf(ENTER),
  pty.text.slice(pty.text.lastIndexOf(LEAVE) + LEAVE.length),
];

describe.runIf(hasPty)('on a terminal', () => {
  test('it shows node, actors and keys on a screen of its own, and q gives the terminal back', async () => {
    const pty = await watching(await faked());
    const text = await pty.until('1-5 of 5');
    expect(text).toContain(ENTER);
    for (const part of ['espalier https://127.0.0.1:9443', 'pid 7', 'actors 5', 'by mailbox', 'q quit'])
      expect(text).toContain(part);
    pty.type('q');
    expect(await pty.ended).toBe(0);
    expect(left(pty)).toEqual([true, '']);
  });

  test('every way out gives the terminal back: Ctrl-C, SIGINT, SIGTERM, SIGHUP, SIGQUIT', async () => {
    const fake = await faked();
    const ways: readonly ((pty: Pty) => void)[] = [
      (pty) => pty.type('\u0003'),
      (pty) => pty.kill('SIGINT'),
      (pty) => pty.kill('SIGTERM'),
      (pty) => pty.kill('SIGHUP'),
      (pty) => pty.kill('SIGQUIT'),
    ];
    for (const leave of ways) {
      const pty = await watching(fake);
      leave(pty);
      expect([await pty.ended, ...left(pty)]).toEqual([0, true, '']);
    }
  });

  test('so does an error that nobody foresaw: it is written on the terminal as it was', async () => {
    const pty = await watching(await faked(), {
      // the inspector has no such fault of its own
      env: {
        NODE_OPTIONS: `--import=data:text/javascript,process.on('SIGUSR2',()=>{throw(new/**/Error('unforeseen'))})`,
      },
    });
    pty.kill('SIGUSR2');
    expect(await pty.ended).not.toBe(0);
    const [back, after] = left(pty);
    expect([back, after.includes('Error: unforeseen')]).toEqual([true, true]);
  });

  test('stopped, the terminal is the shell’s; continued, it is ours, and all is drawn again', async () => {
    const pty = await watching(await faked());
    await pty.until('1-5 of 5');
    const before = pty.text.length;
    pty.type('\u001a');
    // nobody could continue it here, so the system does not stop it: it comes back by itself
    const text = await pty.until('1-5 of 5', before);
    expect(text.indexOf(LEAVE)).toBeGreaterThanOrEqual(0);
    expect(text.indexOf(ENTER)).toBeGreaterThan(text.indexOf(LEAVE));
    const stopped = pty.text.length;
    // as after a signal that cannot be caught, by which `script` would stop too
    pty.kill('SIGCONT');
    expect(await pty.until('1-5 of 5', stopped)).toContain(ENTER);
    pty.type('q');
    expect(await pty.ended).toBe(0);
  });

  test('only lines that changed are written', async () => {
    const fake = await faked();
    const pty = await watching(fake, { args: ['--sort', 'name'] });
    await pty.until('1-5 of 5');
    const before = pty.text.length;
    fake.tell('delta', deltaOf(1, { changed: [{ id: 'a2', status: 'suspended' }] }));
    const text = await pty.until('suspended', before);
    expect(text).not.toContain('a/a1');
    expect(text).not.toContain('\u001b[2J');
  });

  test('keys: a tree, another order, a filter', async () => {
    const fake = await faked();
    const pty = await watching(fake);
    let before = pty.text.length;
    pty.type('t');
    await pty.until('├─ a', before);
    before = pty.text.length;
    pty.type('r');
    await pty.until('by rate', before);
    before = pty.text.length;
    pty.type('/a2');
    await pty.until('/a2', before);
    pty.type('\r');
    await pty.until('1-3 of 3', before);
  });

  test('paused it stays as it is, whatever comes, until it goes on', async () => {
    const fake = await faked();
    const pty = await watching(fake);
    const other = await watching(fake);
    const paused = pty.text.length;
    pty.type('p');
    await pty.until('paused', paused);
    fake.tell('delta', deltaOf(1, { added: [rowOf('new', 'node', { after: 'b', name: 'newcomer' })] }));
    await other.until('newcomer');
    pty.type('t');
    await pty.until('├─ a', paused);
    expect(pty.text).not.toContain('newcomer');
    pty.type('p');
    await pty.until('newcomer', paused);
  });

  test('a crash is told at once', async () => {
    const fake = await faked();
    const pty = await watching(fake);
    fake.tell('crash', {
      id: 'c1',
      at: 10_000,
      label: 'users',
      path: ['node', 'handlers'],
      reason: 'TypeError',
    });
    const text = await pty.until('last crash');
    expect(text).toContain('handlers/users: TypeError');
  });

  test('a lost inspector is said, asked again, and shown again; so is one that tells what cannot be', async () => {
    const fake = await faked();
    const pty = await watching(fake);
    let before = pty.text.length;
    fake.cut();
    await pty.until('not connected', before);
    await pty.until('it ended the stream', before);
    before = pty.text.length;
    await pty.until(/\blive\b/, before);
    const asked = fake.asked.length;
    fake.tell('delta', deltaOf(1, { removed: ['a'] }));
    fake.tell('delta', deltaOf(2, { changed: [{ id: 'a', name: 'never' }] }));
    before = pty.text.length;
    while (fake.asked.length < asked + 3) await pty.until(/up/, (before = pty.text.length));
    expect(pty.text).not.toContain('never');
  });

  test('a node that comes back as another process is found again, by its new address and token', async () => {
    const runtime = mkdtempSync(join(tmpdir(), 'espalier-watch-'));
    // both places where descriptors may be: what else runs on this machine is not seen
    const env = { XDG_RUNTIME_DIR: runtime, TMPDIR: runtime };
    const start = async (): Promise<{ node: Child; url: string }> => {
      const node = espalier(['node', '--listen', '127.0.0.1:0', '--inspector', '--json'], { env });
      return { node, url: (await node.json<Ready>()).url };
    };
    try {
      const first = await start();
      const pty = new Pty(['inspect', '--watch'], USUAL, { ...env, NO_COLOR: '1' });
      await pty.until(first.url);
      await first.node.end();
      await pty.until('not connected');
      const second = await start();
      await pty.until(second.url);
      pty.type('q');
      expect(await pty.ended).toBe(0);
    } finally {
      await endAll();
      rmSync(runtime, { recursive: true });
    }
  });

  test('hostile names reach the terminal without their escapes', async () => {
    const name = '\u001b]0;owned\u0007\u001b[2J\u202eevil\u009b31m';
    const fake = await faked(treeOf([rowOf('<0.1>', null, { name, status: name })]));
    const pty = await watching(fake);
    const text = await pty.until('evil');
    for (const steering of ['\u001b]', '\u009b', '\u202e', '\u0007']) expect(text).not.toContain(steering);
    expect(text.split('\u001b[2J')).toHaveLength(2);
  });

  test('NO_COLOR has no colors, any other terminal does', async () => {
    const fake = await faked();
    const bare = await watching(fake);
    const colored = await watching(fake, { env: { NO_COLOR: '' } });
    // eslint-disable-next-line no-control-regex -- colors are these
    const color = /\u001b\[[0-9;]*m/;
    expect((await bare.until('1-5 of 5')).match(color)).toBeNull();
    expect((await colored.until('1-5 of 5')).match(color)).not.toBeNull();
  });

  test('in 20 columns and 6 rows no line goes beyond them', async () => {
    const pty = await watching(await faked(), { size: { columns: 20, rows: 6 } });
    const text = await pty.until('live');
    expect(text).toContain('\u001b[6;1H');
    expect(text).not.toContain('\u001b[7;1H');
  });

  test('what goes wrong at the start is said on the terminal as it is', async () => {
    const fake = await faked();
    const pty = new Pty(['inspect', 'nobody', '--watch', '--url', fake.url], USUAL, {
      ESPALIER_INSPECTOR_TOKEN: TOKEN,
    });
    expect(await pty.ended).toBe(3);
    expect(pty.text).toContain('there is no actor "nobody"');
    expect(pty.text).not.toContain(ENTER);
    const refused = new Pty(['inspect', '--watch', '--url', fake.url], USUAL, {
      ESPALIER_INSPECTOR_TOKEN: 'wrong',
    });
    expect(await refused.ended).toBe(1);
    expect(refused.text).toContain('refuses (401)');
    expect(refused.text).not.toContain(ENTER);
  });
});
