import { describe, expect, test } from 'vitest';
import { TcpCarrier } from '../../src/dist/carriers/tcp/tcp.ts';
import { wrongDistribution } from '../../src/dist/check-options.ts';
import { startDistribution } from '../../src/distribution.ts';
import { createRuntime, ProcessGroups } from '../../src/otp.ts';
import { nodes } from './pair.ts';

const RIGHT = { name: 'a@127.0.0.1', cookie: 'secret', carriers: [new TcpCarrier({ epmd: false })] };
const wrong = (options: object): unknown => wrongDistribution({ ...RIGHT, ...options });

describe('options of a distribution', () => {
  test('that make sense are taken, also those that are left out as undefined', () => {
    expect(wrongDistribution(RIGHT)).toBeUndefined();
    const all = {
      cookie: () => 'secret',
      carriers: [],
      allowed: ['b@127.0.0.1', '4433@[::1]'],
      keys: { 'b@127.0.0.1': 'ab'.repeat(32) },
      exports: ['counter'],
      functions: { math: { add: () => 1 } },
      groups: { pg: new ProcessGroups() },
      tickTime: 100,
      setupTime: 100,
      maxPacket: 65 * 1_048_576,
      busyLimit: 65_536,
    };
    expect(wrong(all)).toBeUndefined();
    expect(wrong({ allowed: () => true, keys: () => undefined })).toBeUndefined();
    expect(wrong(Object.fromEntries(Object.keys(all).map((key) => [key, undefined])))).toBeInstanceOf(
      TypeError,
    );
    expect(wrong({ allowed: undefined, groups: undefined, tickTime: undefined })).toBeUndefined();
  });

  test.each([
    [7],
    [{ ...RIGHT, name: undefined }],
    [{ ...RIGHT, cookie: undefined }],
    [{ ...RIGHT, cookie: 7 }],
    [{ ...RIGHT, cookie: '\ud800' }],
    [{ ...RIGHT, carriers: undefined }],
    [{ ...RIGHT, carriers: [{}] }],
    [{ ...RIGHT, allowed: 'b@127.0.0.1' }],
    [{ ...RIGHT, allowed: ['b'] }],
    [{ ...RIGHT, keys: { 'b@127.0.0.1': 7 } }],
    [{ ...RIGHT, exports: [7] }],
    [{ ...RIGHT, functions: { math: { add: 7 } } }],
    [{ ...RIGHT, functions: { math: null } }],
    [{ ...RIGHT, groups: { pg: new Map() } }],
    [{ ...RIGHT, tickTime: '1000' }],
    [{ ...RIGHT, cookies: 'secret' }],
    [{ ...RIGHT, toString: 'secret' }],
  ])('of the wrong kind, or none at all, are a TypeError: %j', (options) => {
    expect(wrongDistribution(options)).toBeInstanceOf(TypeError);
  });

  test.each([
    [{ name: 'a' }],
    [{ name: 'a@b@c' }],
    [{ name: `${'a'.repeat(300)}@b` }],
    [{ cookie: '' }],
    [{ cookie: 'c'.repeat(256) }],
    [{ keys: { b: 'ab'.repeat(32) } }],
    [{ keys: { 'b@127.0.0.1': 'AB'.repeat(32) } }],
    [{ groups: { '': new ProcessGroups() } }],
    [{ groups: { ['g'.repeat(256)]: new ProcessGroups() } }],
    [{ tickTime: 99 }],
    [{ tickTime: Infinity }],
    [{ tickTime: 2_147_483_648 }],
    [{ setupTime: 99 }],
    [{ setupTime: 600_001 }],
    [{ maxPacket: 65_535 }],
    [{ maxPacket: 65 * 1_048_576 + 1 }],
    [{ maxPacket: 65_536.5 }],
    [{ busyLimit: 0 }],
  ])('out of range are a RangeError: %j', (options) => {
    expect(wrong(options)).toBeInstanceOf(RangeError);
  });

  test('never show the cookie', () => {
    for (const cookie of ['c'.repeat(300), ['secret']])
      expect(String(wrong({ cookie }))).not.toMatch(/ccc|secret/);
  });

  test('a function that gives no cookie, or throws, connects nobody and harms nobody', async () => {
    const all = nodes();
    const b = await all.node('b@127.0.0.1');
    const answers: (() => unknown)[] = [() => '', () => 7, () => undefined, () => 'c'.repeat(256)];
    const thrown = (): never => {
      throw new Error('no cookie today');
    };
    for (const [at, answer] of [...answers, thrown].entries()) {
      const a = await all.node(`a${at}@127.0.0.1`, { cookie: answer as () => string });
      expect(await all.settle(a.dist.ping(b.dist.name))).toBe(false);
      expect(await all.settle(b.dist.ping(a.dist.name))).toBe(false);
    }
    const right = await all.node('right@127.0.0.1', { cookie: () => 'secret' });
    expect(await all.settle(right.dist.ping(b.dist.name))).toBe(true);
  });

  test('are judged before anything is started', async () => {
    const runtime = createRuntime();
    await expect(startDistribution(runtime, { ...RIGHT, cookie: '' })).rejects.toThrow(RangeError);
    await expect(startDistribution({} as typeof runtime, RIGHT)).rejects.toThrow(TypeError);
    expect([runtime.remote, runtime.alive]).toEqual([undefined, 0]);
  });
});
