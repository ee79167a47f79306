/** Nodes by name, and somebody raw, for tests that want little of a `DistWorld`. */
import type { Pid } from '../../src/actor/pid.ts';
import type { Runtime } from '../../src/actor/runtime.ts';
import type { Carrier } from '../../src/dist/carrier.ts';
import type { Distribution } from '../../src/dist/distribution.ts';
import type { DistributionOptions } from '../../src/distribution.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { DistWorld, labeled } from './dist-world.ts';
import type { MemoryNet, WireEnd } from './memory-carrier.ts';

export interface MemoryNode {
  readonly runtime: Runtime;
  readonly dist: Distribution;
  /** An actor of it, by its label. */
  actor(label: string): Pid;
}

export interface Nodes {
  readonly clock: VirtualClock;
  readonly net: MemoryNet;
  node(name: string, options?: Partial<DistributionOptions>): Promise<MemoryNode>;
  /** Moves time until it is settled. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Both ends of what is between two nodes. */
  ends(one: string, other: string): readonly WireEnd[];
  /** Ends what is between two nodes. */
  cut(one: string, other: string): void;
  /** By which somebody raw of that name dials. */
  carrier(name: string): Carrier;
}

export function nodes(): Nodes {
  const world = new DistWorld();
  const { clock, net } = world;
  const between = (one: string, other: string) =>
    Array.from(net.wires).filter(({ from, to }) =>
      [`${one} ${other}`, `${other} ${one}`].includes(`${from} ${to}`),
    );
  return {
    clock,
    net,
    async node(name, options = {}) {
      const { runtime, dist } = await world.node(name, options);
      return { runtime, dist, actor: (label) => labeled(runtime, label) };
    },
    settle: (promise) => world.wait(promise),
    ends: (one, other) => between(one, other).flatMap(({ near, far }) => [near, far]),
    cut: (one, other) => {
      for (const wire of between(one, other)) wire.cut();
    },
    carrier: (name) =>
      ({
        setup: ({ node, events }) => {
          const stream = net.dial(node, events, name);
          return Promise.resolve(
            stream === undefined
              ? { ok: false, reason: 'connect_failed', detail: node }
              : { ok: true, stream },
          );
        },
      }) as Carrier,
  };
}
