/** Nodes of one program on one virtual clock, connected by memory. */
import type { Process } from '../../src/actor/process.ts';
import type { Pid } from '../../src/actor/pid.ts';
import type { Runtime } from '../../src/actor/runtime.ts';
import type { Distribution } from '../../src/dist/distribution.ts';
import { startDistribution, type DistributionOptions } from '../../src/distribution.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { createRuntime } from '../../src/otp.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';
import { MemoryCarrier, MemoryNetwork } from './memory-carrier.ts';

export interface MemoryNode {
  readonly runtime: Runtime;
  readonly dist: Distribution;
  /** An actor of it, by its label. */
  actor(label: string): Pid;
}

export interface Nodes {
  readonly clock: VirtualClock;
  readonly network: MemoryNetwork;
  node(name: string, options?: Partial<DistributionOptions>): Promise<MemoryNode>;
  /** What becomes of it, without moving time. */
  settle<T>(promise: Promise<T>): Promise<T>;
}

export function nodes(): Nodes {
  const clock = virtualClock();
  const network = new MemoryNetwork(clock);
  const settle = async <T>(promise: Promise<T>): Promise<T> => {
    let open = true;
    const close = (): void => {
      open = false;
    };
    promise.then(close, close);
    for (let turns = 0; open && turns < 1_000; turns++) await clock.settle();
    return promise;
  };
  return {
    clock,
    network,
    settle,
    async node(name, options = {}) {
      const runtime = createRuntime({ clock, logger: silentLogger });
      const carriers = [new MemoryCarrier(network)];
      const dist = await settle(startDistribution(runtime, { name, cookie: 'secret', carriers, ...options }));
      return { runtime, dist, actor: (label) => find(runtime.firstChild, label) as Pid };
    },
  };
}

function find(process: Process | null, label: string): Process | undefined {
  for (let one = process; one !== null; one = one.nextSibling) {
    const here = one.label === label ? one : find(one.firstChild, label);
    if (here !== undefined) return here;
  }
  return undefined;
}
