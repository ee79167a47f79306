/**
 * What the bench of the DHT asks, and how long it may take.
 */
import { describe, expect, test } from 'vitest';
import { networkCases, RULE_CASES } from '../../bench/dht/cases.ts';
import { HYPERDHT, LIBP2P } from '../../bench/dht/names.ts';
import type { Network } from '../../bench/dht/network.ts';
import { planned } from '../../bench/dht/plan.ts';
import { run } from '../../bench/dht/run.ts';
import type { Figures, Order, StepName } from '../../bench/dht/messages.ts';

const LOOK = { json: true, quick: false, smoke: false, help: false, peers: undefined, rounds: undefined };

describe('networkCases', () => {
  test('goals against libp2p are set only where it is in the run', () => {
    const names = (size: number): Set<string | undefined> =>
      new Set(networkCases(size, true).flatMap(({ goals }) => goals.map(({ than }) => than)));
    expect(names(20)).toContain(LIBP2P);
    expect(names(100)).not.toContain(LIBP2P);
    expect(names(100)).toContain(HYPERDHT);
  });

  test('a fifth of the time of a peer that waits is wanted only where its median lookup does', () => {
    const ratios = (size: number): readonly unknown[] =>
      networkCases(size, true)
        .filter(({ step, figure }) => step === 'quarter' && figure === 'p50')
        .flatMap(({ goals }) => goals);
    expect(ratios(20)).toEqual([]);
    expect(ratios(100)).toEqual([{ than: HYPERDHT, atMost: 0.2 }]);
  });

  test('a network that is not judged has the same rows without goals', () => {
    const [judged, open] = [networkCases(100, true), networkCases(100, false)];
    expect(open.map(({ name }) => name)).toEqual(judged.map(({ name }) => name));
    expect(open.flatMap(({ goals }) => goals)).toEqual([]);
  });

  test('no two rows have one name', () => {
    const names = [...[20, 100, 300].flatMap((size) => networkCases(size, true)), ...RULE_CASES].map(
      ({ name }) => name,
    );
    expect(new Set(names).size).toBe(names.length);
  });
});

describe('planned', () => {
  test('a quick run is given up before its 240 s are over, and has no network of 300', () => {
    const { deadline, networks } = planned({ ...LOOK, quick: true });
    expect(deadline).toBeLessThan(240_000);
    expect(networks.map(({ size }) => size)).toEqual([20, 100]);
  });

  test('rounds that were asked for are run to their end', () => {
    expect(planned({ ...LOOK, quick: true, rounds: 7 })).toMatchObject({
      rounds: 7,
      budget: Infinity,
      deadline: Infinity,
    });
  });

  test('a full run looks up 1,000 times after deaths', () => {
    expect(planned(LOOK).networks.map(({ churnTries }) => churnTries)).toEqual([1_000, 1_000, 1_000]);
  });
});

describe('run', () => {
  const order: Order = {
    tag: 'network',
    contender: 'none',
    size: 20,
    seed: 1,
    warm: 0,
    connect: 0,
    keys: 6,
    lookups: 10,
    churnLookups: 4,
    churnTries: 8,
  };

  /** Remembers what is done to it; every lookup by `finds` succeeds. */
  class Recorded implements Network {
    readonly kept = new Map<string, number>();
    readonly dead = new Set<number>();
    readonly askers: number[] = [];
    size = 0;
    asked = 0;
    readonly #finds: (lookup: number) => boolean;

    constructor(finds: (lookup: number) => boolean = () => true) {
      this.#finds = finds;
    }
    add = () => {
      this.size++;
      return Promise.resolve();
    };
    announce = (node: number, key: Uint8Array) => {
      this.kept.set(Buffer.from(key).toString('hex'), node);
      return Promise.resolve();
    };
    lookUp = (node: number) => {
      this.askers.push(node);
      const found = this.#finds(this.askers.length);
      this.asked += 3;
      return Promise.resolve({ first: found ? 1 : undefined, full: 2 });
    };
    kill = (node: number) => {
      this.dead.add(node);
    };
    messages = () => this.asked;
    connections = () => undefined;
  }

  async function steps(network: Recorded): Promise<Map<StepName, Figures>> {
    const found = new Map<StepName, Figures>();
    const trial = new Recorded();
    let made = 0;
    await run(
      () => Promise.resolve(made++ === 0 ? trial : network),
      order,
      (step, figures) => found.set(step, figures),
      () => Promise.resolve(),
    );
    return found;
  }

  test('half of the nodes die, none of those that announced, and no dead node is asked to look up', async () => {
    const network = new Recorded();
    await steps(network);
    expect(network.size).toBe(order.size);
    expect(network.dead.size).toBe(order.size / 2);
    // the first one only warmed up
    const announcers = [...network.kept.values()].slice(-order.keys);
    for (const node of announcers) expect(network.dead).not.toContain(node);
    for (const node of network.askers.slice(-order.churnTries)) expect(network.dead).not.toContain(node);
  });

  test('the share that is found is of all lookups, times and messages are of the first of them', async () => {
    // warm-up, the lookups without deaths, then those after: every second of these fails
    const before = 1 + order.lookups;
    const network = new Recorded((lookup) => lookup <= before || lookup % 2 === 0);
    const found = await steps(network);
    expect(found.get('lookUp')).toMatchObject({ success: 100, messages: 3, p50: 2, 'first p50': 1 });
    expect(found.get('quarter')).toMatchObject({ success: 50, messages: 3 });
    expect([...found.keys()]).toEqual(['build', 'announce', 'lookUp', 'quarter', 'half']);
  });
});
