/** Which inspector is asked, and that its token goes nowhere else. */
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { errorDocument } from '../../../src/cli/error-document.ts';
import { exitCodeOf } from '../../../src/cli/exit-code.ts';
import { targetOf, type TargetFlags } from '../../../src/cli/inspect/target.ts';
import type { FoundDescriptor } from '../../../src/inspect/descriptor.ts';

const folder = mkdtempSync(join(tmpdir(), 'espalier-token-'));
afterAll(() => rmSync(folder, { recursive: true }));

const found = (pid: number): FoundDescriptor => ({
  schema: 1,
  pid,
  url: `http://127.0.0.1:${pid}/`,
  token: `token-${pid}`,
  node: `https://127.0.0.1:1${pid}`,
  startedAt: 0,
  file: '',
});

const chosen = (flags: TargetFlags, ...there: readonly number[]): unknown =>
  targetOf(flags, 65_000, () => there.map(found));

function errorOf(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not throw');
}

describe('targetOf', () => {
  test('the only one on this machine is asked with its own token', () => {
    expect(chosen({}, 11)).toEqual({ url: 'http://127.0.0.1:11', token: 'token-11' });
    // a token that is meant for another one changes nothing
    expect(chosen({ token: 'other' }, 11)).toMatchObject({ token: 'token-11' });
    expect(chosen({ pid: 12 }, 11, 12)).toEqual({ url: 'http://127.0.0.1:12', token: 'token-12' });
  });

  test('of several one must be chosen: all are listed without their tokens, exit code 2', () => {
    const several = errorOf(() => chosen({}, 11, 12));
    expect(several.message).toBe(
      'choose one of these runtimes:\n' +
        '  --pid 11  https://127.0.0.1:111  http://127.0.0.1:11/  up 1 min 5 s\n' +
        '  --pid 12  https://127.0.0.1:112  http://127.0.0.1:12/  up 1 min 5 s',
    );
    expect(JSON.stringify(errorDocument(several))).not.toContain('token-');
    expect(exitCodeOf(several)).toBe(2);
    expect(exitCodeOf(errorOf(() => chosen({ pid: 11 }, 11, 11)))).toBe(2);
    expect(exitCodeOf(errorOf(() => chosen({ pid: 13 }, 11)))).toBe(2);
  });

  test('when there is none it says how to get one', () => {
    expect(() => chosen({})).toThrow('espalier node --inspector 9911');
  });

  test('a url needs a token, of its own or behind it as a node prints it', () => {
    expect(chosen({ url: 'http://127.0.0.1:9911/', token: 'x' }, 11)).toEqual({
      url: 'http://127.0.0.1:9911',
      token: 'x',
    });
    expect(chosen({ url: 'http://[::1]:9911/?t=abc' })).toEqual({ url: 'http://[::1]:9911', token: 'abc' });
    expect(() => chosen({ url: 'http://127.0.0.1:9911' }, 11)).toThrow('ESPALIER_INSPECTOR_TOKEN');
  });

  test('a token never travels in the clear beyond this machine, nor in what is no address of an inspector', () => {
    for (const url of ['http://10.0.0.1:9911', 'http://127.0.0.1.example.com:1', 'http://[::2]:1'])
      expect(() => chosen({ url, token: 'x' })).toThrow('in the clear');
    expect(chosen({ url: 'https://10.0.0.1:9911', token: 'x' })).toMatchObject({ token: 'x' });
    for (const url of ['127.0.0.1:9911', 'ftp://127.0.0.1', 'http://a:b@127.0.0.1:1', ''])
      expect(() => chosen({ url, token: 'x' })).toThrow('must be as http://127.0.0.1:9911');
  });

  test('localhost is the address where inspectors are: on the other one anybody may have that port', () => {
    for (const url of ['http://localhost:9911', 'http://LOCALHOST:9911/', 'http://localhost:9911/?t=x'])
      expect(chosen({ url, token: 'x' })).toEqual({ url: 'http://127.0.0.1:9911', token: 'x' });
    expect(chosen({ url: 'https://localhost:9911', token: 'x' })).toMatchObject({
      url: 'https://localhost:9911',
    });
  });

  test('a token in a file is read when nobody else can, and never shown', () => {
    const file = join(folder, 'token');
    writeFileSync(file, 'secret-token\n', { mode: 0o600 });
    const url = 'http://127.0.0.1:9911';
    expect(chosen({ url, tokenFile: file })).toEqual({ url, token: 'secret-token' });
    chmodSync(file, 0o644);
    expect(() => chosen({ url, tokenFile: file })).toThrow('accessible by its owner only');
    expect(() => chosen({ url, tokenFile: join(folder, 'none') })).toThrow('cannot be read: ENOENT');
    expect(() => chosen({ url, tokenFile: folder })).toThrow('holds no token');
    const wrong = (): unknown => chosen({ url, token: 'canary secret\r\n' });
    expect(wrong).toThrow('visible ASCII');
    expect(wrong).not.toThrow('canary');
  });
});
