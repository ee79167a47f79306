/**
 * What calls go through while their path changes: to a direct one, back when that goes dark, and to a new port.
 */
import { median } from '../harness/statistics.ts';
import type { Member } from './member.ts';
import type { Traffic } from './messages.ts';
import { pairOf, rest } from './pair.ts';
import type { Figures, Scenario } from './scenario.ts';
import { addressAt } from './world.ts';

/** Through the station, ms; a direct path has next to none. */
const RTT = 20;
/** Calls at once while gaps are looked for, and ms between two of one lane: enough to see a gap, and CPU is left. */
const LANES = 16;
const PAUSE = 2;
const DIRECT = ['direct', 'punched'] as const;
/** Milliseconds within which a path has to change; what it took is the figure. */
const WITHIN = 10_000;
/** Milliseconds of calls before something happens, and after. */
const BEFORE = 500;
const AFTER = 800;

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

/** Calls begin through the station; a direct path is won meanwhile. */
export const upgrade: Scenario = async (world, { upgrades, crowd }, figures) => {
  const { caller: at, provider } = await pairOf(world, { rtt: RTT, told: 'truth' });
  const { member: caller } = at;
  const [crowds, few]: [Traffic[], Traffic[]] = [[], []];
  const times: number[] = [];
  for (let count = 0; count < upgrades; count++) {
    for (const [lanes, pause, all] of [
      [crowd, 0, crowds],
      [LANES, PAUSE, few],
    ] as const) {
      await rest();
      await caller.ask('part', { peer: provider.id });
      const began = performance.timeOrigin + performance.now();
      await caller.ask('begin', { target: provider.id, lanes, pause, idempotent: false });
      const seen = await caller.ask('until', { peer: provider.id, ways: DIRECT, within: WITHIN });
      if (seen !== undefined && all === few) times.push(seen.at - began);
      await sleep(AFTER);
      all.push(await caller.ask('end', undefined));
      if (seen === undefined) throw new Error('no direct path was won');
    }
  }
  const every = [...crowds, ...few];
  figures['upgrade calls'] = sum(every, ({ calls }) => calls);
  figures['upgrade over'] = sum(crowds, ({ over }) => over);
  figures['upgrade failed'] = sum(every, ({ failed }) => failed);
  figures['upgrade gap'] = median(few.map(({ gap }) => gap));
  figures['upgrade gap, crowd'] = median(crowds.map(({ gap }) => gap));
  figures['upgrade after'] = median(times);
  explain(every);
};

/** The direct path goes dark both ways; and its address changes. */
export const cuts: Scenario = async (world, { holes, rebinds }, figures) => {
  const pair = await pairOf(world, { rtt: RTT, told: 'proxy' });
  const { provider, proxies, cut, at } = pair;
  const { member: caller } = pair.caller;
  const calm: number[] = [];
  await repeat('hole', holes, async () => {
    await proxies.ask('hole', { proxy: cut, on: true });
    const seen = await caller.ask('until', { peer: provider.id, ways: ['relayed'], within: WITHIN });
    if (seen === undefined) throw new Error('nothing went through the station');
  });
  await repeat('rebind', rebinds, () => proxies.ask('rebind', { proxy: cut }));
  figures['calm gap'] = median(calm);
  // here packets go through the station, and are the station's client's from another port
  await repeat('relayed rebind', rebinds, () => proxies.ask('rebind', { proxy: at }), 'relayed');

  async function repeat(
    name: string,
    times: number,
    happens: () => Promise<unknown>,
    way: 'direct' | 'relayed' = 'direct',
  ): Promise<void> {
    const all: Traffic[] = [];
    for (let count = 0; count < times; count++) {
      await rest();
      await caller.ask('part', { peer: provider.id });
      if (way === 'relayed') await proxies.ask('hole', { proxy: cut, on: true });
      const { id: target } = provider;
      await caller.ask('begin', { target, lanes: LANES, pause: PAUSE, idempotent: true });
      const ways = way === 'direct' ? DIRECT : (['relayed'] as const);
      if ((await caller.ask('until', { peer: target, ways, within: WITHIN })) === undefined)
        throw new Error(`${name}: no ${way} path`);
      await sleep(BEFORE);
      await caller.ask('mark', undefined);
      await sleep(BEFORE);
      const { gap } = await caller.ask('told', undefined);
      calm.push(gap);
      await caller.ask('mark', undefined);
      await happens();
      await sleep(AFTER);
      all.push(await settled(caller));
      await caller.ask('end', undefined);
      await proxies.ask('hole', { proxy: cut, on: false });
    }
    gaps(figures, name, all);
  }
};

/** A client that has its node behind one address, and no other way. */
export const rebound: Scenario = async (world, { rebinds }, figures) => {
  const station = await world.station();
  await station.member.ask('serve', undefined);
  const proxies = world.member('proxies');
  const proxy = await proxies.ask('proxy', { target: station.port, delay: 0 });
  const caller = world.member('client');
  await caller.ask('clients', { urls: [`https://${addressAt(proxy)}`], names: [] });
  await caller.ask('begin', { lanes: LANES, pause: PAUSE, idempotent: true });
  const all: Traffic[] = [];
  for (let count = 0; count < rebinds; count++) {
    await sleep(BEFORE);
    await caller.ask('mark', undefined);
    await proxies.ask('rebind', { proxy });
    await sleep(AFTER);
    all.push(await settled(caller));
  }
  await caller.ask('end', undefined);
  gaps(figures, 'client rebind', all);
};

/** What was told, once answers come again: a gap that has not ended is waited for. */
async function settled(caller: Member): Promise<Traffic> {
  const until = performance.now() + WITHIN;
  for (;;) {
    const before = await caller.ask('told', undefined);
    await sleep(BEFORE);
    const after = await caller.ask('told', undefined);
    const goesOn = after.calls - after.failed > before.calls - before.failed;
    if (goesOn || performance.now() >= until) return after;
  }
}

function gaps(figures: Figures, name: string, all: readonly Traffic[]): void {
  if (all.length === 0) return;
  figures[`${name} gap`] = median(all.map(({ gap }) => gap));
  figures[`${name} gap, worst`] = Math.max(...all.map(({ gap }) => gap));
  figures[`${name} failed`] = sum(all, ({ failed }) => failed);
  explain(all);
}

function explain(all: readonly Traffic[]): void {
  const failure = all.find((one) => one.failure !== undefined)?.failure;
  if (failure !== undefined) console.error(`a call failed: ${failure}`);
}

const sum = (all: readonly Traffic[], of: (one: Traffic) => number): number =>
  all.reduce((total, one) => total + of(one), 0);
