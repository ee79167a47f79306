/**
 * The planted faults of RELIABILITY §12.7 that the simulation must find, each on a workload aimed at it.
 *
 * Their numbers are those of that list. 8 (backoff without jitter) breaks no invariant and is left to its tests; 9
 * needs tunnels.
 */
import type { Fault } from '../../src/testing/simulation/configuration.ts';
import type { AimedWorkload, SimulatedMutant } from './mutant.ts';

/** One node whose probes are killed and flooded: what actors promise, without a network. */
const PROBES: AimedWorkload = {
  nodes: 1,
  clients: 0,
  duration: 5_000,
  faults: 12,
  split: 0,
  workload: { services: 1, calls: 0, changes: 0, bursts: 6, kinds: ['plain'] },
};

/** Services that come and go on few nodes, so that their records change often and are kept by all. */
const RECORDS: AimedWorkload = {
  nodes: 3,
  clients: 0,
  duration: 20_000,
  faults: 6,
  split: 0,
  workload: { services: 2, calls: 10, changes: 20, bursts: 0, kinds: ['plain'] },
};

/** Milliseconds. Longer than a record lasts: the other half's are gone before it ends. */
const CUT = 125_000;
const partition: Fault = {
  at: 1_000,
  kind: 'partition',
  lasts: CUT,
  who: 0,
  whom: 0,
  ways: 'both',
  size: 0.4,
};

/** Each service on one node only, and calls all the time: each half learns that nobody serves the other half's. */
const HALVES: AimedWorkload = {
  nodes: 6,
  clients: 0,
  duration: CUT + 5_000,
  faults: [partition],
  split: 0,
  workload: { services: 6, calls: 300, changes: 0, bursts: 0, kinds: ['plain'] },
};

/** Clients that call each other through their node, and nothing that goes wrong. */
const CLIENTS: AimedWorkload = {
  nodes: 1,
  clients: 2,
  duration: 1_000,
  faults: [],
  split: 0,
  workload: { services: 2, calls: 10, changes: 0, bursts: 0, kinds: ['plain', 'err'] },
};

export const SIMULATED: readonly SimulatedMutant[] = [
  {
    number: 1,
    name: 'late-reply check skipped',
    file: 'src/actor/call.ts',
    find: '  reply(value: unknown): boolean {\n    if (this.settled) return false;\n',
    replace: '  reply(value: unknown): boolean {\n',
    workload: PROBES,
  },
  {
    number: 2,
    name: 'restart intensity off by one',
    file: 'src/otp/restart-intensity.ts',
    find: '  return { intensity, period };',
    replace: '  return { intensity: intensity + 1, period };',
    workload: PROBES,
  },
  {
    number: 3,
    name: 'no seq check on records',
    file: 'src/mesh/dht/record-store.ts',
    find: 'if (old !== undefined && seq <= old.seq) {',
    replace: 'if (old !== undefined && seq === old.seq) {',
    workload: RECORDS,
  },
  {
    number: 4,
    name: 'demonitor forgotten',
    file: 'src/actor/relations.ts',
    find: '      detach(ref, target instanceof Process ? target : null);\n',
    replace: '',
    workload: PROBES,
  },
  {
    number: 5,
    name: 'wrong reverse stop order',
    file: 'src/otp/supervisor-children.ts',
    find: '  return eachInOrder(children.toReversed(), (child)',
    replace: '  return eachInOrder(children, (child)',
    workload: PROBES,
  },
  {
    number: 6,
    name: 'unbounded mailbox',
    file: 'src/actor/runtime.ts',
    find: '    if (mailbox.length >= to.bound) {\n',
    replace: '    if (mailbox.length >= Infinity) {\n',
    workload: PROBES,
  },
  {
    number: 7,
    name: 'cache not invalidated on healing: that nobody serves it is believed for ever',
    file: 'src/mesh/registry/provider-cache.ts',
    find: 'live.length === 0 ? this.#negativeTtl : this.#ttl',
    replace: 'live.length === 0 ? Infinity : this.#ttl',
    workload: HALVES,
  },
  {
    number: 10,
    name: 'double reply',
    file: 'src/mesh/connection/incoming.ts',
    find: '    this.#reply(call.id, call.body, call.deadline, outcome, call.load, call);\n',
    replace:
      '    this.#reply(call.id, call.body, call.deadline, outcome, call.load, call);\n    this.#reply(call.id, call.body, call.deadline, outcome, call.load, call);\n',
    workload: CLIENTS,
  },
  {
    number: 11,
    name: 'no expiry check on read',
    file: 'src/mesh/dht/record-store.ts',
    find: '      if (now >= until || wall >= record.expiresAt) continue;\n',
    replace: '      void [now, wall, until];\n',
    workload: RECORDS,
  },
  {
    number: 12,
    name: 'restart keeps old links',
    file: 'src/actor/death.ts',
    find: '        other.links?.delete(process);\n        this.signal(other, process, reason, false);',
    replace: '        this.signal(other, process, reason, false);',
    workload: PROBES,
  },
];
