import { Command, CommanderError } from 'commander';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import {
  addCommonOptions,
  bodySize,
  listOf,
  milliseconds,
  nodeId,
  settingsOf,
  type CommonFlags,
} from '../../src/cli/options.ts';
import { createProgram } from '../../src/cli/program.ts';
import { clean, colorful } from '../../src/cli/terminal.ts';

const flagsOf = (...args: readonly string[]): CommonFlags =>
  addCommonOptions(new Command())
    .exitOverride()
    .configureOutput({ writeErr: () => undefined })
    .parse(args, { from: 'user' })
    .opts();

const refused = (parse: () => unknown): boolean => {
  try {
    parse();
    return false;
  } catch (error) {
    return error instanceof CommanderError;
  }
};

describe('values of options', () => {
  test('milliseconds are whole and 1 … 2^31 - 1', () => {
    expect([milliseconds('1'), milliseconds('2147483647')]).toEqual([1, 2_147_483_647]);
    for (const text of ['0', '-1', '1.5', '1e3', '2147483648', '', 'abc', ' 1']) {
      expect([text, refused(() => milliseconds(text))]).toEqual([text, true]);
    }
  });

  test('body sizes are 1k … 64m, with units of 1,024', () => {
    expect([bodySize('1024'), bodySize('64k'), bodySize('64M')]).toEqual([1_024, 65_536, 67_108_864]);
    for (const text of ['1023', '65m', '1g', '1.5m', '', 'k']) {
      expect([text, refused(() => bodySize(text))]).toEqual([text, true]);
    }
  });

  test('a list is given with commas, repeated, or both, and holds nothing empty', () => {
    expect(listOf('a, b', listOf('c'))).toEqual(['c', 'a', 'b']);
    for (const text of ['', 'a,', ',a', ' '])
      expect([text, refused(() => listOf(text))]).toEqual([text, true]);
  });

  test('node ids are 64 hex digits, in either case', () => {
    expect(nodeId('AB'.repeat(32))).toBe('ab'.repeat(32));
    expect(refused(() => nodeId('ab'))).toBe(true);
  });
});

describe('common options', () => {
  test('nothing given leaves every default to the library', () => {
    const flags = flagsOf();
    const { logger, ...settings } = settingsOf(flags);
    expect(settings).toEqual({});
    expect(Object.keys(logger ?? {})).toEqual(Object.keys(silentLogger));
  });

  test('each option arrives under the name the library knows', () => {
    const flags = flagsOf(
      '--realm=r',
      '--identity=f',
      '--names=any',
      '--max-body=2m',
      '--realm-key=k',
      '--membership=m',
    );
    expect(settingsOf(flags)).toMatchObject({
      realm: 'r',
      identity: { file: 'f' },
      realmKey: { file: 'k' },
      membership: { file: 'm' },
      names: 'any',
      maxBody: 2_097_152,
    });
  });

  test('unknown modes and levels are refused', () => {
    expect(refused(() => flagsOf('--names', 'loose'))).toBe(true);
    expect(refused(() => flagsOf('--log-level', 'loud'))).toBe(true);
  });
});

describe('createProgram', () => {
  test('offers the commands of DESIGN §7 that exist', () => {
    const { commands } = createProgram();
    expect(commands.map((command) => command.name())).toEqual([
      'node',
      'advertise',
      'call',
      'inspect',
      'peers',
      'dht',
      'dist',
      'relay',
      'realm',
      'doctor',
      'demo',
      'demo-worker',
    ]);
  });
});

describe('terminal', () => {
  test('NO_COLOR wins over FORCE_COLOR, which wins over the terminal; empty is absent', () => {
    expect(colorful({}, true)).toBe(true);
    expect(colorful({}, false)).toBe(false);
    expect(colorful({ TERM: 'dumb' }, true)).toBe(false);
    expect(colorful({ FORCE_COLOR: '1' }, false)).toBe(true);
    expect(colorful({ FORCE_COLOR: '0' }, true)).toBe(false);
    expect(colorful({ NO_COLOR: '1', FORCE_COLOR: '1' }, true)).toBe(false);
    expect(colorful({ NO_COLOR: '' }, true)).toBe(true);
  });

  test('messages cannot steer the terminal', () => {
    expect(clean('a\u001b[2Jb\u202ec\nd\te')).toBe('a\ufffd[2Jb\ufffdc\nd\te');
  });
});
