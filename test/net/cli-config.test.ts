/** Options from flags, variables and a config file, as real commands take them. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { endAll, espalier, run, type Ready } from '../cli/process.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-config-'));
const file = join(folder, 'espalier.json');

afterEach(endAll);
afterAll(() => rmSync(folder, { recursive: true }));

const write = (content: unknown): void => {
  writeFileSync(file, JSON.stringify(content));
  chmodSync(file, 0o644);
};

/** Where it listens, and its inspector if it has one. */
async function started(
  env: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Ready & { readonly inspector?: string }> {
  const child = espalier(['node', '--json', ...args], {
    env: { XDG_RUNTIME_DIR: folder, TMPDIR: folder, ...env },
  });
  return child.json();
}

/** Whether an inspector lets anybody act. */
async function actionsOf(link: string): Promise<unknown> {
  const { origin, searchParams } = new URL(link);
  const answer = await fetch(`${origin}/api/node`, {
    headers: { Authorization: `Bearer ${searchParams.get('t')}` },
  });
  return ((await answer.json()) as { readonly actions: unknown }).actions;
}

describe('espalier node', () => {
  test('takes its options from a file, a variable before it, and a flag before that', async () => {
    write({ node: { listen: '127.0.0.1:0', inspector: 0, realm: 'io.file' } });
    const byFile = await started({ ESPALIER_CONFIG: file });
    expect(byFile.url).toMatch(/^https:\/\/127\.0\.0\.1:/);
    expect(byFile.inspector).toBeDefined();
    const byVariable = await started(
      { ESPALIER_LISTEN: '[::1]:0', ESPALIER_INSPECTOR: 'false' },
      '--config',
      file,
    );
    expect(byVariable.url).toMatch(/^https:\/\/\[::1\]:/);
    expect(byVariable.inspector).toBeUndefined();
    const byFlag = await started({ ESPALIER_LISTEN: '[::1]:0' }, '--config', file, '--listen', '127.0.0.1:0');
    expect(byFlag.url).toMatch(/^https:\/\/127\.0\.0\.1:/);
  });

  test('a switch that a variable turns off is off, an empty variable is none', async () => {
    const off = await started({
      ESPALIER_LISTEN: '127.0.0.1:0',
      ESPALIER_INSPECTOR: '0',
      ESPALIER_INSPECTOR_ACTIONS: '0',
      ESPALIER_REALM: '',
      ESPALIER_STATION: '',
    });
    expect(await actionsOf(off.inspector ?? '')).toBe(false);
    const on = await started({
      ESPALIER_LISTEN: '127.0.0.1:0',
      ESPALIER_INSPECTOR: '0',
      ESPALIER_INSPECTOR_ACTIONS: '1',
    });
    expect(await actionsOf(on.inspector ?? '')).toBe(true);
  });

  test('a mistake in the file ends it before anything is started: exit code 2', async () => {
    write({ node: { listn: '127.0.0.1:0' } });
    const ended = await run(['node', '--config', file]);
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toContain(`config file ${file}: node has no option "listn" (did you mean listen?)`);
    const none = await run(['relay'], { env: { ESPALIER_CONFIG: join(folder, 'none.json') } });
    expect([none.code, none.stderr]).toEqual([
      2,
      expect.stringContaining('cannot be read: ENOENT') as string,
    ]);
  });
});

describe('espalier doctor', () => {
  test('tells of everything that is wrong at once, each by its name and where it was said, and exits with 1', async () => {
    write({ nodes: {}, node: { listn: 'x', station: 1, drain: 0 }, inspect: { token: 'canary' } });
    const env = {
      ESPALIER_NAMES: 'loose',
      ESPALIER_TIMEOUT: 'x',
      ESPALIER_DRAIN: 'z',
      ESPALIER_STATION: 'maybe',
    };
    const flags = ['--max-body', 'huge', '--log-level', 'loud', '--config', file];
    const { code, stdout } = await run(['doctor', '--json', ...flags], { env });
    const { checks } = JSON.parse(stdout) as { checks: { name: string; status: string; detail: string }[] };
    const failed = checks.filter(({ status }) => status === 'fail').map(({ detail }) => detail);
    expect([code, failed.length]).toEqual([1, 11]);
    for (const place of [
      '--max-body of the command line: It must be bytes',
      '--log-level of the command line: Allowed choices',
      'ESPALIER_NAMES: Allowed choices',
      'ESPALIER_TIMEOUT: It must be whole',
      'ESPALIER_DRAIN: It must be whole',
      'ESPALIER_STATION: It must be 1 or 0',
      'node.station of the config file: It must be true',
      'node.drain of the config file: It must be whole',
      `config file ${file}: there is no section "nodes"`,
      `config file ${file}: node has no option "listn"`,
      `config file ${file}: inspect.token is a secret`,
    ])
      expect(failed.filter((detail) => detail.startsWith(place))).toHaveLength(1);
    // the rest of it is told all the same
    expect(checks.find(({ name }) => name === 'node')?.status).toBe('ok');
    expect(stdout).not.toContain('canary');
  });

  test('--nat measures nothing with an option that is wrong', async () => {
    const { code, stdout } = await run(['doctor', '--nat', 'https://127.0.0.1:1', '--json'], {
      env: { ESPALIER_TIMEOUT: 'x' },
    });
    expect([code, (JSON.parse(stdout) as { checks: object[] }).checks]).toMatchObject([
      1,
      [{ status: 'fail', detail: expect.stringMatching(/^ESPALIER_TIMEOUT: /) as string }],
    ]);
  });
});

test('espalier relay and dist bridge have sections of their own', async () => {
  write({
    relay: { listen: '127.0.0.1:0' },
    'dist bridge': { relay: ['quic://127.0.0.1:1'], name: 'a@127.0.0.1', epmdPort: 0 },
  });
  const relay = espalier(['relay', '--json', '--config', file]);
  expect((await relay.json<Ready>()).url).toMatch(/^quic:\/\/127\.0\.0\.1:/);
  const bridge = espalier(['dist', 'bridge', '--json', '--config', file]);
  expect(await bridge.json()).toMatchObject({ event: 'ready', name: 'a@127.0.0.1' });
});
