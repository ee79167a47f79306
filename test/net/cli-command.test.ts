/**
 * The command as a whole: help, version, mistakes, colors, and `doctor`.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { endAll, ROOT, run } from '../cli/process.ts';

afterEach(endAll);

describe('espalier', () => {
  test('--version prints the version of the package', async () => {
    const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
    expect(await run(['--version'])).toEqual({ code: 0, signal: null, stdout: `${version}\n`, stderr: '' });
  });

  test('--help goes to stdout and names every command but the hidden one', async () => {
    const { code, stdout, stderr } = await run(['--help']);
    expect([code, stderr]).toEqual([0, '']);
    for (const command of [
      'node',
      'advertise',
      'call',
      'inspect',
      'peers',
      'dht',
      'dist',
      'realm',
      'doctor',
      'demo',
    ])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'));
    expect(stdout).not.toContain('demo-worker');
  });

  test('a misspelled command is answered with the one that was meant', async () => {
    const ended = await run(['advertize']);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('Did you mean advertise?');
  });

  test('no command at all prints help on stderr and exits with 2', async () => {
    const ended = await run([]);
    expect(ended).toMatchObject({ code: 2, stdout: '' });
    expect(ended.stderr).toContain('Usage: espalier');
  });

  test('the worker of the demo refuses to be started by hand', async () => {
    expect((await run(['demo-worker'])).code).toBe(2);
  });

  test('messages have colors only where they are asked for, and NO_COLOR wins', async () => {
    const mistake = ['call', 'https://127.0.0.1:9', 'a.b', 'x'];
    expect((await run(mistake)).stderr).toMatch(/^error: /);
    expect((await run(mistake, { env: { FORCE_COLOR: '1' } })).stderr).toContain('\u001b[31m');
    // Node itself warns of the two together, from 22.23 on: before our line or after it, as it comes.
    const both = (await run(mistake, { env: { FORCE_COLOR: '1', NO_COLOR: '1' } })).stderr;
    expect(both).toMatch(/^error: /m);
    expect(both).not.toContain('\u001b[');
  });
});

describe('doctor', () => {
  interface Report {
    readonly ok: boolean;
    readonly checks: readonly { readonly name: string; readonly status: string; readonly detail: string }[];
  }

  test('--json prints one document, and nothing fails where the tests run', async () => {
    const ended = await run(['doctor', '--json']);
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const report = JSON.parse(ended.stdout) as Report;
    expect(report.ok).toBe(true);
    expect(report.checks.map(({ name }) => name)).toEqual([
      'node',
      'platform',
      'quic',
      'udp',
      'udp-buffers',
      'clock',
      'loopback',
      'config',
    ]);
    expect(report.checks.filter(({ status }) => status === 'fail')).toEqual([]);
    expect(report.checks.find(({ name }) => name === 'loopback')?.detail).toMatch(
      /^connected in .* ms, a call takes .* ms$/,
    );
  });

  test('tells of every option what is in force and where it comes from, and of a secret only that it is set', async () => {
    const env = { ESPALIER_REALM: 'io.macula', ESPALIER_DRAIN: '', ESPALIER_INSPECTOR_TOKEN: 'canary' };
    const ended = await run(['doctor', '--json'], { env });
    const { configuration } = JSON.parse(ended.stdout) as {
      configuration: { file: null; options: readonly { command: string; key: string }[] };
    };
    const of = (command: string, key: string): unknown =>
      configuration.options.find((option) => option.command === command && option.key === key);
    expect(configuration.file).toBeNull();
    expect(of('relay', 'realm')).toMatchObject({ value: 'io.macula', source: 'environment' });
    expect(of('node', 'drain')).toMatchObject({
      value: '5000',
      source: 'default',
      variable: 'ESPALIER_DRAIN',
    });
    expect(of('inspect', 'token')).toMatchObject({ value: 'set', source: 'environment' });
    expect(ended.stdout + ended.stderr).not.toContain('canary');
  });

  test('fails for a config file that a command would refuse, and names the place', async () => {
    const ended = await run(['doctor', '--json', '--config', 'package.json']);
    expect(ended.code).toBe(1);
    const report = JSON.parse(ended.stdout) as Report;
    expect(report.checks.find(({ name }) => name === 'config')).toEqual({
      name: 'config',
      status: 'fail',
      detail: 'config file package.json: there is no section "name"',
    });
    expect((await run(['node', '--config', 'package.json'])).stderr).toContain('there is no section "name"');
  });

  test('prints one line per check for people', async () => {
    const ended = await run(['doctor']);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^ok {4}node {9}Node\.js /);
    expect(ended.stdout).toContain('loopback');
  });
});
