import { describe, expect, test } from 'vitest';
import {
  wrongDistBridge,
  wrongDistRelay,
  wrongRelayClient,
  wrongTunnelCarrier,
} from '../../../src/dist/relay/check-options.ts';
import { silentLogger } from '../../../src/actor/logger.ts';
import { seededRandom } from '../../../src/actor/random.ts';
import { startDistBridge, startDistRelay } from '../../../src/dist-relay.ts';
import { startRelayClient, startRelayClientLink, TunnelCarrier } from '../../../src/distribution.ts';
import { createIdentity } from '../../../src/identity/identity.ts';
import { createRuntime, type Self } from '../../../src/otp.ts';
import { quicTransport } from '../../../src/transport/quic/transport.ts';

const RELAYS = ['quic://relay.example:4434', '127.0.0.1:4434'];
const NAME = 'a@127.0.0.1';
const identity = createIdentity(seededRandom('options'), 0);

const COMMON = {
  identity,
  realm: 'r',
  realmKey: { file: 'k' },
  membership: new Uint8Array(8),
  transport: quicTransport(),
};
const CLIENT = {
  ...COMMON,
  encryption: (): boolean => false,
  tunnelTime: 1,
  identifyTime: 2_147_483_647,
  probe: 1_000,
  limits: {},
};
const SECRETS = { keys: { 'b@127.0.0.1': 'ab'.repeat(32) }, secret: 'lattice' };
const ALONE = { runtime: createRuntime(), logger: silentLogger, logLevel: 'warn' };

/** What each is judged by, all that it may be told, and what it must be. */
const KINDS: readonly {
  readonly what: string;
  readonly judge: (options: unknown) => Error | undefined;
  readonly all: object;
  readonly needed: object;
}[] = [
  {
    what: 'a relay',
    judge: wrongDistRelay,
    all: {
      ...COMMON,
      ...ALONE,
      listen: '[::1]:0',
      foreign: 'localhost:0',
      limits: { clients: 1, idle: 50 },
      endpointLimits: {},
    },
    needed: {},
  },
  {
    what: 'a client',
    judge: (options) => wrongRelayClient(RELAYS, NAME, options),
    all: { ...CLIENT, ...SECRETS, register: 'client' },
    needed: {},
  },
  {
    what: 'a carrier',
    judge: wrongTunnelCarrier,
    all: { ...CLIENT, relays: RELAYS, select: () => true },
    needed: { relays: 'relay.example' },
  },
  {
    what: 'a bridge',
    judge: wrongDistBridge,
    all: {
      ...CLIENT,
      ...SECRETS,
      ...ALONE,
      relays: RELAYS,
      name: NAME,
      epmdPort: 0,
      host: '127.0.0.2',
      peers: ['b@beta'],
    },
    needed: { relays: RELAYS, name: NAME, epmdPort: 7_701 },
  },
];

describe.each(KINDS)('options of $what', ({ judge, all, needed }) => {
  const wrong = (options: object): unknown => judge({ ...needed, ...options });

  test('that make sense are taken, also those that are left out as undefined', () => {
    expect(judge(needed)).toBeUndefined();
    expect(judge(all)).toBeUndefined();
    const none = Object.fromEntries(Object.keys(all).map((key) => [key, undefined]));
    expect(judge({ ...none, ...needed })).toBeUndefined();
  });

  test('that are needed are missed, each by its name', () => {
    for (const key of Object.keys(needed)) {
      const error = wrong({ [key]: undefined });
      expect(error).toBeInstanceOf(TypeError);
      expect(String(error)).toContain(key);
    }
  });

  test.each(['relay', 'toString', 'cookie'])('that do not exist are refused: %s', (key) => {
    expect(wrong({ [key]: 'x' })).toEqual(new TypeError(`options: there is no ${key}`));
  });

  test('of the wrong kind are a TypeError that begins with the name of the option', () => {
    for (const key of Object.keys(all)) {
      if (key === 'realmKey' || key === 'membership') continue;
      for (const value of [Symbol('what'), null]) {
        const error = wrong({ [key]: value });
        expect([key, error]).toEqual([key, expect.any(TypeError)]);
        expect(String(error)).toMatch(new RegExp(`^TypeError: ${key}`));
      }
    }
    for (const key of ['realmKey', 'membership'])
      expect(wrong({ realm: 'r', [key]: 'file' })).toEqual(expect.any(TypeError));
    expect(judge(undefined)).toBeInstanceOf(TypeError);
    expect(judge(7)).toBeInstanceOf(TypeError);
  });

  test('that prove a membership need the realm that it is of', () => {
    for (const key of ['realmKey', 'membership'])
      expect(String(wrong({ [key]: new Uint8Array(8) }))).toContain('realm must be');
  });
});

describe('out of range', () => {
  const refused = (kind: number, options: object): void => {
    const { judge, needed } = KINDS[kind] as (typeof KINDS)[number];
    expect(judge({ ...needed, ...options })).toBeInstanceOf(RangeError);
  };

  test.each([
    { listen: 'relay.example:4434' },
    { listen: 'quic://127.0.0.1:4434' },
    { listen: '127.0.0.1:65536' },
    { listen: '' },
    { foreign: '0.0.0.0:65536' },
    { foreign: 'relay.example:4435' },
    { realm: '' },
    { logLevel: 'loud' },
    { limits: { clients: 0 } },
    { limits: { tunnels: 65_536 } },
    { limits: { totalTunnels: 1_000_001 } },
    { limits: { rate: 1_023 } },
    { limits: { tunnelRate: 1.5 } },
    { limits: { idle: 0 } },
    { limits: { probe: 2_147_483_648 } },
  ])('an option of a relay is a RangeError: %j', (options) => {
    refused(0, options);
  });

  test.each([
    { tunnelTime: 0 },
    { identifyTime: 2_147_483_648 },
    { probe: NaN },
    { secret: '' },
    { secret: 's'.repeat(256) },
    { keys: { b: 'ab'.repeat(32) } },
    { keys: { 'b@c': 'AB'.repeat(32) } },
    { register: '' },
  ])('an option of a client is a RangeError: %j', (options) => {
    refused(1, options);
  });

  test.each([
    { relays: [] },
    { relays: Array.from({ length: 9 }, () => '127.0.0.1') },
    { relays: 'https://relay.example' },
    { relays: ['127.0.0.1', 'a b'] },
  ])('relays that are none, or too many, are a RangeError: %j', (options) => {
    refused(2, options);
    refused(3, options);
  });

  test.each([
    { name: 'a' },
    { epmdPort: -1 },
    { epmdPort: 65_536 },
    { host: '0.0.0.0' },
    { host: '10.0.0.1' },
    { host: 'localhost' },
    { peers: ['b@beta', 'b'] },
  ])('an option of a bridge is a RangeError: %j', (options) => {
    refused(3, options);
  });

  test('no secret is shown', () => {
    for (const secret of ['s'.repeat(300), ['hidden']])
      expect(String(wrongRelayClient(RELAYS, NAME, { secret }))).not.toMatch(/sss|hidden/);
  });
});

test('what is wrong is said before anything is started', async () => {
  const runtime = createRuntime();
  const none = {} as typeof runtime;
  await expect(startDistRelay({ runtime, listen: 'x' })).rejects.toThrow(RangeError);
  await expect(startDistBridge({ runtime, relays: 'r', name: 'a', epmdPort: 0 })).rejects.toThrow(RangeError);
  await expect(startRelayClient(runtime, [], NAME)).rejects.toThrow(RangeError);
  await expect(startRelayClient(runtime, RELAYS, 'a')).rejects.toThrow(RangeError);
  await expect(startRelayClient(none, RELAYS, NAME)).rejects.toThrow(TypeError);
  expect(() => new TunnelCarrier(runtime, { relays: [] })).toThrow(RangeError);
  expect(() => new TunnelCarrier(none, { relays: 'r' })).toThrow(TypeError);
  expect(startRelayClientLink({} as Self, RELAYS, NAME)).toMatchObject({ tag: 'error' });
  expect(runtime.alive).toBe(0);
});

test('relays of both families of addresses are refused: a client has one socket', () => {
  const runtime = createRuntime({ logger: silentLogger });
  const both = ['quic://192.0.2.1:4434', 'quic://[2001:db8::1]:4434'];
  expect(() => new TunnelCarrier(runtime, { relays: both })).toThrow(/all by IPv4, or all by IPv6/);
  for (const url of both)
    expect(new TunnelCarrier(runtime, { relays: [url, 'quic://relay.example:4434'] }).name).toBe('tunnel');
});
