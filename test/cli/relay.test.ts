/**
 * What `espalier relay` and `espalier dist bridge` say and take: help, flags, variables. What the library refuses is in
 * `test/net/cli-relay.test.ts`.
 */
import { CommanderError, type Command } from 'commander';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { expectRight } from '../../src/cli/dist/serving.ts';
import { trustOf } from '../../src/cli/options.ts';
import { createProgram } from '../../src/cli/program.ts';
import { RpcError } from '../../src/mesh/errors/rpc-error.ts';

/** A command of that path. */
function command(...path: readonly string[]): Command {
  const find = (from: Command, [name, ...rest]: readonly string[]): Command => {
    if (name === undefined) return from;
    const found = from.commands.find((each) => each.name() === name);
    if (found === undefined) throw new Error(`no command ${name}`);
    return find(found, rest);
  };
  return find(createProgram(), path)
    .exitOverride()
    .configureOutput({ writeErr: () => undefined, writeOut: () => undefined });
}

const opts = (path: readonly string[], ...args: readonly string[]): Record<string, unknown> =>
  command(...path)
    .action(() => undefined)
    .parse(args, { from: 'user' })
    .opts();

const RELAY = ['relay'];
const BRIDGE = ['dist', 'bridge'];
const NEEDED = ['--relay', '127.0.0.1:1', '--name', 'a@127.0.0.1', '--epmd-port', '7701'];
const ID = 'ab'.repeat(32);

beforeEach(() => {
  for (const name of Object.keys(process.env)) if (name.startsWith('ESPALIER_')) vi.stubEnv(name, undefined);
});
afterEach(() => {
  vi.unstubAllEnvs();
});

describe('relay', () => {
  test('leaves all to the library that it is not told', () => {
    expect(opts(RELAY)).toEqual({ logLevel: 'warn', inspectorAnnounce: true });
  });

  test('takes bounds as numbers, and rates with units of 1,024', () => {
    const flags = [
      '--max-clients',
      '2',
      '--max-tunnels',
      '65535',
      '--rate',
      '64k',
      '--tunnel-rate',
      '1G',
      '--idle',
      '50',
    ];
    expect(opts(RELAY, ...flags)).toEqual({
      logLevel: 'warn',
      inspectorAnnounce: true,
      maxClients: 2,
      maxTunnels: 65_535,
      rate: 65_536,
      tunnelRate: 1_073_741_824,
      idle: 50,
    });
  });

  test.each([
    ['--max-clients', '0'],
    ['--max-clients', '65536'],
    ['--max-tunnels', '1.5'],
    ['--rate', '1023'],
    ['--rate', '1025g'],
    ['--rate', '-1'],
    ['--tunnel-rate', '1t'],
    ['--tunnel-rate', ''],
    ['--idle', '0'],
    ['--log-level', 'loud'],
    ['--no-such'],
  ])('refuses %s %s', (...flags) => {
    expect(() => opts(RELAY, ...flags)).toThrow(CommanderError);
  });

  test('takes every option from the environment, its own with RELAY in their names', () => {
    const named = command(...RELAY).options.flatMap(({ envVar }) => envVar ?? []);
    expect(named.toSorted()).toEqual([
      'ESPALIER_CONFIG',
      'ESPALIER_IDENTITY',
      'ESPALIER_INSPECTOR',
      'ESPALIER_INSPECTOR_ACTIONS',
      'ESPALIER_INSPECTOR_ANNOUNCE',
      'ESPALIER_LOG_LEVEL',
      'ESPALIER_MEMBERSHIP',
      'ESPALIER_REALM',
      'ESPALIER_REALM_KEY',
      'ESPALIER_RELAY_FOREIGN',
      'ESPALIER_RELAY_IDLE',
      'ESPALIER_RELAY_INSPECTOR_TOKEN_FILE',
      'ESPALIER_RELAY_LISTEN',
      'ESPALIER_RELAY_MAX_CLIENTS',
      'ESPALIER_RELAY_MAX_TUNNELS',
      'ESPALIER_RELAY_RATE',
      'ESPALIER_RELAY_TUNNEL_RATE',
    ]);
    vi.stubEnv('ESPALIER_RELAY_LISTEN', '127.0.0.1:0');
    expect(opts(RELAY)).toMatchObject({ listen: '127.0.0.1:0' });
    expect(opts(RELAY, '--listen', '[::1]:1', '--foreign', '[::1]:2')).toMatchObject({
      listen: '[::1]:1',
      foreign: '[::1]:2',
    });
  });

  test('says in its help what is the default of everything', () => {
    const help = command(...RELAY).helpInformation();
    for (const text of ['127.0.0.1:4434', '1000', '64', '128m', '300000']) expect(help).toContain(text);
  });
});

describe('dist bridge', () => {
  test('needs a relay, a name and a port, and takes no more by itself', () => {
    expect(opts(BRIDGE, ...NEEDED)).toEqual({
      relay: ['127.0.0.1:1'],
      name: 'a@127.0.0.1',
      epmdPort: 7_701,
      encryption: true,
      logLevel: 'warn',
    });
    for (const at of [0, 2, 4]) {
      const others = NEEDED.filter((_, index) => index !== at && index !== at + 1);
      expect(() => opts(BRIDGE, ...others), NEEDED[at]).toThrow(CommanderError);
    }
  });

  test('takes lists with commas, repeated, or both, and keys one by one', () => {
    const flags = ['--relay', 'b:2,c:3', '--peer', 'b@beta,c@gamma', '--peer', 'd@delta'];
    const keys = ['--key', `b@beta=${ID.toUpperCase()}`, '--key', `c@gamma=${ID}`];
    expect(opts(BRIDGE, ...NEEDED, ...flags, ...keys, '--no-encryption')).toMatchObject({
      relay: ['127.0.0.1:1', 'b:2', 'c:3'],
      peer: ['b@beta', 'c@gamma', 'd@delta'],
      key: { 'b@beta': ID, 'c@gamma': ID },
      encryption: false,
    });
  });

  test.each([
    ['--epmd-port', 'x'],
    ['--epmd-port', '65536'],
    ['--epmd-port', '-1'],
    ['--relay', 'a,,b'],
    ['--peer', ''],
    ['--key', 'b@beta'],
    ['--key', 'b@beta=abcd'],
    ['--key', `=${ID}`],
  ])('refuses %s %s', (...flags) => {
    expect(() => opts(BRIDGE, ...NEEDED, ...flags)).toThrow(CommanderError);
  });

  test('takes the cookie file from the environment, as every command does', () => {
    vi.stubEnv('ESPALIER_COOKIE_FILE', '/cookie');
    expect(opts(BRIDGE, ...NEEDED)).toMatchObject({ cookieFile: '/cookie' });
  });

  test('shows in its help how the node is started', () => {
    let help = '';
    command(...BRIDGE)
      .configureOutput({ writeOut: (text) => (help += text) })
      .outputHelp();
    expect(help).toContain('ERL_EPMD_PORT=7701 erl -start_epmd false -name a@127.0.0.1');
  });
});

describe('what makes no sense', () => {
  test('is told by its field, whatever the text is', () => {
    const told = (text: string): unknown => {
      try {
        expectRight(new TypeError(text));
        return undefined;
      } catch (error) {
        return error instanceof RpcError ? error.failure : error;
      }
    };
    expect(told('name must be name@host')).toMatchObject({ field: 'name', detail: 'must be name@host' });
    expect(told('?')).toMatchObject({ field: 'options', detail: '?' });
    expect(() => expectRight(undefined)).not.toThrow();
  });

  test('files become options as the library knows them', () => {
    const flags = { logLevel: 'warn', realm: 'r', identity: 'i', realmKey: 'k', membership: 'm' } as const;
    expect(trustOf(flags)).toMatchObject({
      realm: 'r',
      identity: { file: 'i' },
      realmKey: { file: 'k' },
      membership: { file: 'm' },
    });
  });
});
