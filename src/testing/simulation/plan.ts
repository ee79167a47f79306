/**
 * What happens in a simulated run, and when: the faults and the work, drawn from the seed.
 *
 * Pure. Faults, calls and changes have streams of their own: with fewer faults the same calls are made at the same
 * times, which is what makes shrinking work.
 */
import { seededRandom } from '../../actor/random.ts';
import {
  FAULT_KINDS,
  NAT_FAULT_KINDS,
  settled,
  type CallKind,
  type Configuration,
  type Fault,
  type SimulationOptions,
} from './configuration.ts';
import { pick } from './pick.ts';

/** One thing a member does; `at` is since the start of the storm. */
export type Step =
  | {
      readonly tag: 'call';
      readonly at: number;
      readonly id: number;
      readonly who: number;
      readonly service: number;
      readonly kind: CallKind;
      readonly timeout: number;
      /** Share of the timeout after which a `cancel` is given up. */
      readonly patience: number;
    }
  | {
      readonly tag: 'advertise' | 'unadvertise';
      readonly at: number;
      readonly who: number;
      readonly service: number;
    }
  /** Messages from one actor to another; many at once do not find room. */
  | { readonly tag: 'burst'; readonly at: number; readonly who: number; readonly count: number };

/** Milliseconds a fault lasts, at least and at most. */
const LASTS = { least: 100, most: 10_000 };
/** Milliseconds: records last 90 s, and whoever has found one believes it for a while. */
const SPLIT = 110_000;
/** Share of the seeds. */
const SPLITS = 0.125;
/** Nodes: with more, what nobody asked for takes seconds. */
const SPLIT_NODES = { least: 2, most: 20 };
/** Milliseconds a call may take, at least and at most. */
const TIMEOUT = { least: 100, most: 6_000 };
/** A mailbox holds 1,000. */
const BURST = 1_300;

/** The whole of it, nothing left to chance but what the seed says. */
export function configurationOf(options: SimulationOptions): Configuration {
  const { faults, split, ...rest } = settled(options);
  const { seed, nodes, duration, nat } = rest;
  return {
    ...rest,
    faults: typeof faults === 'number' ? drawFaults(seed, faults, duration, nat) : faults,
    split: split ?? (typeof faults === 'number' && faults > 0 && !nat ? drawSplit(seed, nodes) : 0),
  };
}

function drawSplit(seed: string, nodes: number): number {
  if (nodes < SPLIT_NODES.least || nodes > SPLIT_NODES.most) return 0;
  return seededRandom(`${seed} split`).float() < SPLITS ? SPLIT : 0;
}

/** Half of the nodes, which ones the seed says, and the clients that know one of these. */
export function halfOf({ seed, nodes, clients }: Configuration): ReadonlySet<number> {
  const random = seededRandom(`${seed} half`);
  const rest = Array.from({ length: nodes }, (_, n) => n);
  const half = new Set<number>();
  while (half.size < Math.floor(nodes / 2)) {
    const [drawn] = rest.splice(random.u32() % rest.length, 1);
    if (drawn !== undefined) half.add(drawn);
  }
  for (let client = nodes; client < nodes + clients; client++) if (half.has(client % nodes)) half.add(client);
  return half;
}

function drawFaults(seed: string, count: number, duration: number, nat: boolean): Fault[] {
  const kinds = nat ? [...FAULT_KINDS, ...NAT_FAULT_KINDS] : FAULT_KINDS;
  const random = seededRandom(`${seed} faults`);
  const drawn = Array.from({ length: count }, (): Fault => {
    const at = random.float() * duration;
    return {
      at,
      kind: pick(random, kinds),
      // it may end after the storm: then the calm ends it
      lasts: LASTS.least + random.float() * (LASTS.most - LASTS.least),
      who: random.u32() % 1_000_000,
      whom: random.u32() % 1_000_000,
      ways: pick(random, ['both', 'forward'] as const),
      size: random.float(),
    };
  });
  return drawn.toSorted((left, right) => left.at - right.at);
}

/** In order of time. */
export function stepsOf({ seed, nodes, clients, duration, workload }: Configuration): readonly Step[] {
  const members = nodes + clients;
  const { services, kinds } = workload;
  const steps: Step[] = [];
  const calls = seededRandom(`${seed} calls`);
  for (let id = 0; id < workload.calls; id++) {
    steps.push({
      tag: 'call',
      at: calls.float() * duration,
      id,
      who: calls.u32() % members,
      service: calls.u32() % services,
      kind: pick(calls, kinds),
      timeout: Math.floor(TIMEOUT.least + calls.float() * (TIMEOUT.most - TIMEOUT.least)),
      patience: calls.float(),
    });
  }
  const changes = seededRandom(`${seed} changes`);
  for (let n = 0; n < workload.changes; n++) {
    const tag = pick(changes, ['advertise', 'unadvertise'] as const);
    const at = changes.float() * duration;
    steps.push({ tag, at, who: changes.u32() % members, service: changes.u32() % services });
  }
  const bursts = seededRandom(`${seed} bursts`);
  for (let n = 0; n < workload.bursts; n++) {
    const at = bursts.float() * duration;
    steps.push({ tag: 'burst', at, who: bursts.u32() % members, count: 1 + (bursts.u32() % BURST) });
  }
  return steps.toSorted((left, right) => left.at - right.at);
}
