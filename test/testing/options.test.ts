/**
 * Whatever a test gives to the test kit is judged whole at the call: nonsense is a `RangeError` that names the option,
 * says what it must be and what was given, and nothing was started or changed. The edges of each range are taken.
 */
import { describe, expect, test } from 'vitest';

import { MAX_DELAY, type TimerId } from '../../src/actor/clock.ts';
import { seededRandom } from '../../src/actor/random.ts';
import {
  GilbertElliott,
  Impairment,
  kilobits,
  lossyUdpProxy,
  memoryNetwork,
  RateLimit,
  virtualClock,
  type Conditions,
  type LossyUdpProxyOptions,
  type MemoryNetworkOptions,
} from '../../src/testing.ts';
import { sample } from '../../src/transport/memory/route.ts';
import type { Link } from '../../src/transport/transport.ts';
import { openPair, type Bench } from '../transport/recorder.ts';

/** An option's path, and a value it refuses. */
type Bad = readonly [name: string, value: unknown];

const SHARES = [-0.1, 1.1, 5, Number.NaN, Infinity, '0.5', null, true, {}, 1n];
const TIMES = [-5, 1e12, MAX_DELAY + 1, Number.NaN, Infinity, '5', null, true, 5n];
const SIZES = [-1, Number.NaN, Infinity, '5', null, {}];
const OBJECTS = [null, 'x', 5, true, [], () => 0];
const each = (name: string, values: readonly unknown[]): Bad[] => values.map((value) => [name, value]);

/** `{ a: { b: value } }` for the path `a.b`. */
const nested = (path: string, value: unknown): unknown =>
  path.split('.').reduceRight((inner, field) => ({ [field]: inner }), value);

const BAD_DELAYS: readonly Bad[] = [
  ...each('delay', [...TIMES, []]),
  ...each('delay.min', TIMES).map(([, min]): Bad => ['delay.min', { min, max: 9 }]),
  ...each('delay.max', TIMES).map(([, max]): Bad => ['delay.max', { min: 0, max }]),
  ...each('delay.base', TIMES).map(([, base]): Bad => ['delay.base', { base, jitter: 9 }]),
  ...each('delay.jitter', TIMES).map(([, jitter]): Bad => ['delay.jitter', { base: 0, jitter }]),
  ['delay.max', { min: 9, max: 1 }],
  ['delay.max', { min: 9 }],
  ['delay.min', {}],
  ['delay.base', { jitter: 1 }],
  ['delay.jitter', { base: 1 }],
  ['delay.mean', { min: 1, max: 2, mean: 1 }],
  ['delay.min', { base: 1, jitter: 2, min: 1 }],
];
const GOOD_DELAYS = [
  0,
  MAX_DELAY,
  0.5,
  { min: 0, max: 0 },
  { min: 0, max: MAX_DELAY },
  { base: 0, jitter: 0 },
  () => 1,
];

const BAD_REORDERINGS: readonly Bad[] = [
  ...each('reorder', OBJECTS),
  ...each('reorder.share', SHARES).map(([name, share]): Bad => [name, { share, window: 1 }]),
  ...each('reorder.window', TIMES).map(([name, window]): Bad => [name, { share: 1, window }]),
  ['reorder.share', { window: 1 }],
  ['reorder.window', { share: 1 }],
  ['reorder.windw', { share: 1, window: 1, windw: 1 }],
];

/** Every condition of the proxy; the second column is the value of the whole condition. */
const BAD_CONDITIONS: readonly Bad[] = [
  ...each('los', [1]),
  ...each(
    'loss',
    SHARES.filter((value) => typeof value !== 'object' || value === null),
  ),
  ...each('loss.share', SHARES).map(([name, share]): Bad => [name, { share, burst: 2 }]),
  ...each('loss.burst', [0, 0.9, 1_000_001, ...SIZES]).map(([name, burst]): Bad => [
    name,
    { share: 1, burst },
  ]),
  ...each('loss.slot', [0, ...TIMES]).map(([name, slot]): Bad => [name, { share: 1, burst: 2, slot }]),
  ['loss.share', {}],
  ['loss.burst', { share: 0.5 }],
  ['loss.length', { share: 0.5, burst: 2, length: 2 }],
  ...each('duplicate', SHARES),
  ...each('corrupt', SHARES),
  ...BAD_DELAYS,
  ...BAD_REORDERINGS,
  ...each('rate', OBJECTS),
  ...each('rate.bytesPerSecond', [0, ...SIZES]).map(([name, bytesPerSecond]): Bad => [
    name,
    { bytesPerSecond, queue: 1 },
  ]),
  ...each('rate.queue', SIZES).map(([name, queue]): Bad => [name, { bytesPerSecond: 1, queue }]),
  ['rate.queue', { bytesPerSecond: 1 }],
  ['rate.bytesPerSecond', { queue: 1 }],
  ['rate.kbps', { bytesPerSecond: 1, queue: 1, kbps: 8 }],
  ...each('maxDatagram', [65_536, ...SIZES]),
  ...each('blackHole', ['true', 0, 1, null, {}]),
];
const GOOD_CONDITIONS: readonly Conditions[] = [
  {},
  { loss: 0, duplicate: 0, corrupt: 0, delay: 0, maxDatagram: 0, blackHole: false },
  { loss: 1, duplicate: 1, corrupt: 1, delay: MAX_DELAY, maxDatagram: 65_535, blackHole: true },
  { loss: { share: 0, burst: 1 }, reorder: { share: 0, window: 0 }, rate: { bytesPerSecond: 1, queue: 0 } },
  { loss: { share: 1, burst: 1_000_000, slot: MAX_DELAY }, reorder: { share: 1, window: MAX_DELAY } },
  { loss: { share: 1, burst: 1, slot: Number.MIN_VALUE } },
  { rate: { bytesPerSecond: Number.MAX_SAFE_INTEGER, queue: Number.MAX_SAFE_INTEGER } },
  ...GOOD_DELAYS.map((delay) => ({ delay })),
];

const HOSTS = ['a', '', '198.18.0', '198.18.0.1:9443', 'localhost', '0.0.0.0', '::', null, 5, undefined, {}];
const INCAPABLE = [null, 5, 'system', {}, () => 0, { now: () => 0, float: () => 0 }];

/** The one `RangeError` of a refused option: its name, what it must be, what was given. */
function said(name: string): RegExp {
  const path = name.replaceAll(/[.[\]]/g, String.raw`\$&`);
  return new RegExp(`^${path} (must be .+, not .+|is not an option; there are .+)$`);
}

function refused(name: string, call: () => unknown): void {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  expect(thrown, `${name} was taken`).toBeInstanceOf(RangeError);
  expect((thrown as RangeError).message).toMatch(said(name));
}

const own = (): MemoryNetworkOptions => ({ clock: virtualClock(), random: seededRandom(1) });
const top = (name: string): string => name.split('.')[0] ?? name;

describe('conditions of a bad link', () => {
  test.each(BAD_CONDITIONS)('%s refuses %o', (name, value) => {
    const given = { [top(name)]: value } as Conditions;
    refused(name, () => new Impairment(seededRandom(1), given));
    const link = new Impairment(seededRandom(1), { maxDatagram: 7 });
    refused(name, () => {
      link.change(given);
    });
    expect(link.conditions).toEqual({ maxDatagram: 7 });
  });

  test('the edges of every range are taken', () => {
    for (const conditions of GOOD_CONDITIONS) {
      const link = new Impairment(seededRandom(1), conditions);
      expect(link.conditions).toBe(conditions);
      link.offer(0, new Uint8Array(1));
    }
  });

  test('an option that is undefined is absent, known or not', () => {
    const none = { loss: undefined, reorder: undefined, los: undefined };
    expect(
      new Impairment(seededRandom(1), none as unknown as Conditions).offer(0, new Uint8Array(1)),
    ).toHaveLength(1);
  });

  test('the rules by themselves judge what they are given, too', () => {
    const take = (value: unknown): never => value as never;
    for (const loss of [5, Number.NaN, undefined, null])
      refused('loss', () => new GilbertElliott(take(loss)));
    refused('loss.burst', () => new GilbertElliott(take({ share: 0.1, burst: 0 })));
    refused('rate', () => new RateLimit(take(undefined)));
    refused('rate.queue', () => new RateLimit(take({ bytesPerSecond: 1 })));
    for (const random of INCAPABLE) refused('random', () => new Impairment(take(random)));
    for (const count of SIZES) refused('kilobits', () => kilobits(take(count)));
    expect([kilobits(0), kilobits(8)]).toEqual([0, 1_000]);
  });

  test('a delay function is clamped; one that gives no number is found out when it is drawn', () => {
    const draw = (value: unknown): number =>
      sample(
        () => value as number,
        () => seededRandom(1),
      );
    expect([-1, 0, Infinity].map(draw)).toEqual([0, 0, MAX_DELAY]);
    for (const value of [Number.NaN, undefined, '5', null])
      expect(() => draw(value)).toThrow(/^delay must return ms, not /);
  });
});

describe('lossyUdpProxy', () => {
  const target = { host: '127.0.0.1', port: 9 };
  const PORTS = [-1, 65_536, 1.5, Number.NaN, '9', null];
  const BAD: readonly Bad[] = [
    ['toTargt', {}],
    ...each('target', OBJECTS),
    ...each('target.host', ['localhost', '', null, 5]).map(([name, host]): Bad => [name, { host, port: 9 }]),
    ...each('target.port', [0, ...PORTS]).map(([name, port]): Bad => [name, { ...target, port }]),
    ['target.host', { port: 9 }],
    ['target.port', { host: '127.0.0.1' }],
    ['target.prt', { ...target, prt: 1 }],
    ...each('bind', OBJECTS),
    ...each('bind.host', ['localhost', '', null]).map(([name, host]): Bad => [name, { host, port: 0 }]),
    ...each('bind.port', PORTS).map(([name, port]): Bad => [name, { ...target, port }]),
    ...each('toTarget', OBJECTS),
    ...each('toSource', OBJECTS),
    ...each('clock', INCAPABLE),
    ...each('random', INCAPABLE),
  ];

  /** Sockets this process has bound. */
  const sockets = (): number =>
    process.getActiveResourcesInfo().filter((name) => name.startsWith('UDP')).length;

  const refuses = async (name: string, options: unknown): Promise<void> => {
    const before = sockets();
    const opening = lossyUdpProxy(options as LossyUdpProxyOptions);
    expect(sockets()).toBe(before);
    const error: unknown = await opening.then(
      (proxy) => proxy.close().then(() => 'was taken'),
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(RangeError);
    expect((error as RangeError).message).toMatch(said(name));
  };

  test.each(BAD)('%s refuses %o', async (name, value) => {
    await refuses(name, { target, [top(name)]: value });
  });

  test('conditions are named with their direction, all of them', async () => {
    for (const way of ['toTarget', 'toSource'])
      for (const [name, value] of BAD_CONDITIONS)
        await refuses(`${way}.${name}`, { target, [way]: { [top(name)]: value } });
  });

  test('without options, or without a target, it says which is missing', async () => {
    for (const options of [undefined, ...OBJECTS]) await refuses('options', options);
    await refuses('target', {});
    await refuses('target', { target: undefined });
  });

  test('a change that is refused leaves both directions as they were', async () => {
    const before = sockets();
    await using proxy = await lossyUdpProxy({
      target,
      bind: { host: '127.0.0.1', port: 0 },
      toTarget: { delay: 1 },
    });
    expect(sockets()).toBe(before + 1);
    for (const on of ['true', 1, undefined, null])
      refused('blackHole', () => {
        proxy.blackHole(on as never);
      });
    refused('loss', () => {
      proxy.toSource.change({ loss: 5 });
    });
    refused('options', () => {
      proxy.toSource.change(undefined as never);
    });
    expect([proxy.toTarget.conditions, proxy.toSource.conditions]).toEqual([{ delay: 1 }, {}]);
  });
});

describe('memoryNetwork', () => {
  const BAD: readonly Bad[] = [
    ['dely', 5],
    ['seed', 'x'],
    ...each('clock', INCAPABLE),
    ...each('random', INCAPABLE),
    ...BAD_DELAYS,
    ...each('raw', OBJECTS),
    ...['raw.loss', 'raw.duplicate', 'raw.reorder'].flatMap((name) => each(name, SHARES)),
    ['raw.los', 1],
    ...each('poison', ['yes', 1, null]),
  ];

  test.each(BAD)('%s refuses %o', (name, value) => {
    const part = name.startsWith('raw.') ? (nested(name, value) as object) : { [top(name)]: value };
    refused(name, () => memoryNetwork({ ...own(), ...part }));
  });

  test('clock and random have to be there', () => {
    for (const options of [undefined, ...OBJECTS]) refused('options', () => memoryNetwork(options as never));
    refused('clock', () => memoryNetwork({ random: seededRandom(1) } as never));
    refused('random', () => memoryNetwork({ clock: virtualClock() } as never));
  });

  test('a machine has the numeric address of one host', () => {
    const network = memoryNetwork(own());
    // without a host it is given a fresh one
    for (const host of HOSTS.filter((one) => one !== undefined))
      refused('host', () => network.transport(host as string));
    for (const host of [undefined, '198.18.0.9', '2001:db8::1', '127.0.0.1'])
      expect(network.transport(host).kind).toBe('memory');
  });

  test('the edges of every range are taken', () => {
    for (const edge of [0, 1])
      expect(
        memoryNetwork({ ...own(), raw: { loss: edge, duplicate: edge, reorder: edge } }).history(),
      ).toEqual([]);
    for (const delay of GOOD_DELAYS) expect(memoryNetwork({ ...own(), delay }).history()).toEqual([]);
  });
});

describe('network.faults', () => {
  const HERE = '198.18.0.1';
  const THERE = '198.18.1.1';
  const RATES = [0, 0.5, ...SIZES];
  const BAD_RAW: readonly Bad[] = [
    ...each('raw', OBJECTS),
    ...['raw.loss', 'raw.duplicate', 'raw.reorder'].flatMap((name) =>
      each(name, SHARES).map(([, value]): Bad => [name, (nested(name, value) as { raw: unknown }).raw]),
    ),
    ['raw.los', { los: 1 }],
  ];
  /** What each fault refuses; on a link the same as between hosts. */
  const VALUES = {
    delay: BAD_DELAYS,
    reorder: BAD_REORDERINGS,
    rate: each('rate', RATES),
    stall: each('stall', [undefined, ...TIMES]),
  } as const;
  const WAYS = ['sideways', '', null, 5, true];

  /** A network with one link, its faults as functions of anything. */
  async function struck() {
    const clock = virtualClock();
    const random = seededRandom('options');
    const network = memoryNetwork({ clock, random });
    const bench: Bench = {
      a: network.transport(HERE),
      b: network.transport(THERE),
      clock,
      random,
      until: clock.until,
      pass: clock.advance,
      empty: () => {},
    };
    const pair = await openPair(bench);
    const { here } = await pair.connect();
    const faults = network.faults as unknown as Record<string, (...args: unknown[]) => unknown>;
    const strike = (fault: string, ...args: unknown[]): unknown => {
      const call = faults[fault];
      if (call === undefined) throw new Error(`there is no fault ${fault}`);
      return call(...args);
    };
    return { network, strike, link: here.link };
  }

  test('every value of every fault is judged, between hosts and on a link, and none leaves a trace', async () => {
    const { network, strike, link } = await struck();
    const before = network.trace();
    for (const [name, value] of BAD_RAW) refused(name, () => strike('raw', HERE, THERE, value));
    for (const [fault, values] of Object.entries(VALUES)) {
      for (const [name, value] of values) {
        refused(name, () => strike(fault, HERE, THERE, value));
        refused(name, () => strike(`${fault}Link`, link, value));
      }
    }
    expect(network.trace()).toBe(before);
  });

  test('hosts, links and ways are judged in every fault, and none leaves a trace', async () => {
    const { network, strike, link } = await struck();
    const foreign = (await struck()).link;
    const before = network.trace();
    const hosts: Record<string, readonly unknown[]> = {
      delay: [5],
      raw: [{ loss: 1 }],
      reorder: [{ share: 1, window: 1 }],
      rate: [5],
      stall: [5],
      cut: [],
      heal: [],
    };
    for (const [fault, rest] of Object.entries(hosts)) {
      for (const host of HOSTS) {
        refused('from', () => strike(fault, host, THERE, ...rest));
        refused('to', () => strike(fault, HERE, host, ...rest));
      }
      for (const ways of WAYS) refused('ways', () => strike(fault, HERE, THERE, ...rest, ways));
      if (fault === 'raw') continue;
      for (const ways of WAYS) refused('ways', () => strike(`${fault}Link`, link, ...rest, ways));
      for (const other of [undefined, null, {}, 1, foreign])
        refused('link', () => strike(`${fault}Link`, other, ...rest));
    }
    for (const fault of ['resetLink', 'forgetLink', 'stopReading', 'startReading'])
      for (const other of [undefined, null, {}, 1, foreign]) refused('link', () => strike(fault, other));
    for (const list of [HERE, undefined, null, [], {}]) {
      refused('left', () => strike('partition', list, [THERE]));
      refused('right', () => strike('partition', [HERE], list));
    }
    refused('right[1]', () => strike('partition', [HERE], [THERE, 'a']));
    for (const ways of WAYS) refused('ways', () => strike('partition', [HERE], [THERE], ways));
    expect(network.trace()).toBe(before);
  });

  test('reset and kill strike at once, so that their hosts must be there', async () => {
    const { network, strike, link } = await struck();
    for (const host of [...HOSTS, '198.18.2.1']) {
      refused('from', () => strike('reset', host, THERE));
      refused('to', () => strike('reset', HERE, host));
      refused('host', () => strike('kill', host));
    }
    expect(link.state).toBe('open');
    network.transport('198.18.2.1');
    expect([strike('reset', HERE, '198.18.2.1'), strike('kill', '198.18.2.1')]).toEqual([0, 0]);
    expect([strike('reset', THERE, HERE), strike('kill', THERE)]).toEqual([1, 1]);
  });

  test('the edges of every range are taken, undefined takes a fault away, an absent host may be named', async () => {
    const { network, strike, link } = await struck();
    const good: Record<string, readonly unknown[]> = {
      delay: [...GOOD_DELAYS, undefined],
      reorder: [{ share: 0, window: 0 }, { share: 1, window: MAX_DELAY }, undefined],
      rate: [1, Number.MAX_SAFE_INTEGER, undefined],
      stall: [0, MAX_DELAY],
    };
    const targets: readonly (readonly [string, readonly unknown[]])[] = [
      ['', [HERE, THERE]],
      ['', ['203.0.113.9', '2001:db8::1']],
      ['Link', [link as Link]],
    ];
    let struckBefore = network.trace();
    for (const [suffix, where] of targets) {
      for (const [fault, values] of Object.entries(good)) {
        for (const value of values) {
          for (const ways of [undefined, 'both', 'forward']) {
            strike(`${fault}${suffix}`, ...where, value, ways);
            expect(network.trace()).not.toBe(struckBefore);
            struckBefore = network.trace();
          }
        }
      }
    }
    for (const edge of [0, 1]) strike('raw', HERE, THERE, { loss: edge, duplicate: edge, reorder: edge });
    strike('raw', HERE, THERE, undefined);
    strike('partition', [HERE, THERE], [HERE, THERE], 'forward');
    expect(network.history().at(-1)).toContain(`fault cut ${THERE} ${HERE} forward`);
  });
});

describe('virtualClock', () => {
  const OFF = [-5, Number.NaN, Infinity, Number.MAX_SAFE_INTEGER + 1, '5', undefined, null];
  const WALLS = [Number.NaN, Infinity, 8.64e15 + 1, '5', null];

  test('time moves forward by a number, or not at all', async () => {
    const clock = virtualClock();
    let ran = 0;
    clock.setTimer(0, () => ran++);
    for (const ms of OFF)
      await expect(clock.advance(ms as number)).rejects.toThrow(/^ms must be 0 to 9007199254740991 ms, not /);
    for (const limit of OFF.filter((one) => one !== undefined))
      await expect(clock.until(() => true, limit as number)).rejects.toThrow(/^limit must be /);
    for (const condition of [undefined, true, null])
      await expect(clock.until(condition as never)).rejects.toThrow(/^condition must be a function, not /);
    for (const jump of [undefined, ...WALLS])
      refused('ms', () => {
        clock.jump(jump as number);
      });
    expect([clock.now(), clock.wall(), ran]).toEqual([0, 1_767_225_600_000, 0]);
    await clock.advance(0);
    expect([clock.now(), ran]).toEqual([0, 1]);
    await clock.advance(Number.MAX_SAFE_INTEGER);
    expect(clock.now()).toBe(Number.MAX_SAFE_INTEGER);
    await expect(clock.until(() => false, 0)).rejects.toThrow('did not become true within 0 virtual ms');
  });

  test('the wall clock starts and jumps within the range of dates, both ways', () => {
    for (const wall of [-1, ...WALLS]) refused('wall', () => virtualClock(wall as number));
    for (const wall of [0, 8.64e15]) expect(virtualClock(wall).wall()).toBe(wall);
    const clock = virtualClock(1_000);
    clock.jump(-400);
    expect([clock.wall(), clock.now()]).toEqual([600, 0]);
  });

  test('a timer is clamped as on the real clock, but no number is no time', () => {
    const clock = virtualClock();
    const run = (): void => {};
    for (const delay of [Number.NaN, '5', undefined, null])
      refused('delay', () => clock.setTimer(delay as number, run));
    refused('run', () => clock.setTimer(5, undefined as never));
    expect(clock.pending).toBe(0);
    for (const delay of [-5, 0, MAX_DELAY, Infinity]) clock.setTimer(delay, run);
    expect(clock.pending).toBe(4);
  });

  test('a timer that was let go of is pending and not held; one that is over is neither', async () => {
    const clock = virtualClock();
    const set = (delay: number): TimerId => clock.setTimer(delay, () => {});
    const [first, second, third] = [set(1), set(2), set(3)];
    expect([clock.pending, clock.held]).toEqual([3, 3]);
    for (const timer of [first, first, second]) clock.hold(timer, false);
    expect([clock.pending, clock.held]).toEqual([3, 1]);
    clock.hold(second, true);
    expect([clock.pending, clock.held]).toEqual([3, 2]);
    clock.clear(third);
    await clock.advance(2);
    for (const timer of [first, second, third]) clock.hold(timer, false);
    expect([clock.pending, clock.held]).toEqual([0, 0]);
  });
});
