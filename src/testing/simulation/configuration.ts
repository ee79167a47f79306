/**
 * What a simulated mesh is run with: everything that decides the run, as plain data.
 *
 * A configuration is complete: given again it makes the same run, whatever was left to the seed before. Units:
 * milliseconds of virtual time. What makes no sense throws `RangeError` before anything starts.
 */
import { between, fields, oneOf, refuse, yesOrNo, type Check } from '../../transport/memory/judge.ts';
import type { Ways } from '../../transport/memory/faults.ts';

/**
 * `delay`, `raw`, `reorder`, `rate`, `stall`, `cut`: between two members. `partition`: one part of the mesh from the
 * rest. `reset`, `forget`, `slow reader`: a link. `crash`: a member dies without a word and a successor takes its
 * address. `endpoint`: its socket alone dies. `kill`: one of its actors. `jump`: everybody's wall clock.
 */
export const FAULT_KINDS = [
  'delay',
  'raw',
  'reorder',
  'rate',
  'stall',
  'cut',
  'partition',
  'reset',
  'forget',
  'slow reader',
  'crash',
  'endpoint',
  'kill',
  'jump',
] as const;

/**
 * Where there are NATs. `rebind`, `block`: a NAT forgets its mappings, or lets no UDP through. `station`: as a crash, of a
 * station. `between`: no direct way between two members behind NATs. `kill way`: an actor that has to do with stations and
 * the ways through them.
 */
export const NAT_FAULT_KINDS = ['rebind', 'block', 'station', 'between', 'kill way'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number] | (typeof NAT_FAULT_KINDS)[number];

export interface Fault {
  /** Since the start of the storm. */
  readonly at: number;
  readonly kind: FaultKind;
  /** Until it ends, or the successor of what died is started. */
  readonly lasts: number;
  /** Members by number, modulo how many there are. */
  readonly who: number;
  readonly whom: number;
  readonly ways: Ways;
  /** How bad, 0 to 1. */
  readonly size: number;
}

/** What a handler does with a call, or its caller. */
export const CALL_KINDS = [
  'plain',
  'slow',
  'large',
  'err',
  'crash',
  'cancel',
  'idempotent',
  'keyed',
] as const;
export type CallKind = (typeof CALL_KINDS)[number];

export interface Workload {
  /** Names that are served; of the first members, two serve each of them from the start. */
  readonly services: number;
  /** Calls in all. */
  readonly calls: number;
  /** Advertisements and ends of advertisements in all. */
  readonly changes: number;
  /** Bursts of messages between actors of one member, in all. */
  readonly bursts: number;
  /** The calls are of these kinds. */
  readonly kinds: readonly CallKind[];
}

export interface SimulationOptions {
  readonly seed: string | number;
  /** 1 to 10,000. Default 20. */
  readonly nodes?: number;
  /** Clients that know one node each and come from `connect`. Default one per five nodes. */
  readonly clients?: number;
  /**
   * Whether the first nodes know each other from the start, as if they had joined long ago. Default false: each finds
   * the others by its bootstraps, which of a thousand takes minutes. Whoever comes later joins in any case.
   */
  readonly known?: boolean;
  /**
   * Of the storm, which the start comes before and the calm after; at most a day. Default 60,000, with more than 20
   * nodes as much less as there are more of them, 10,000 at least: all of it is a matter of seconds.
   */
  readonly duration?: number;
  /** How many, drawn from the seed; or these and no others. Default one per node and minute. */
  readonly faults?: number | readonly Fault[];
  /**
   * How long the mesh is two halves that hear nothing of each other, when the storm is over and everything works again;
   * 0: not at all. Default: with faults drawn from the seed, of one seed in eight 110,000, which is longer than
   * connections and records last; of no seed with more than 20 nodes.
   */
  readonly split?: number;
  /**
   * Whether there are stations, and members behind NATs of all kinds, which ones the seed says. Default false. With NATs
   * nobody is split: who hears no station of his is not to be found.
   */
  readonly nat?: boolean;
  /** What is left out is by the number of nodes and the duration. */
  readonly workload?: Partial<Workload>;
  /** Gives up between two steps: `simulate` rejects with its reason. */
  readonly signal?: AbortSignal;
}

export interface Configuration {
  readonly seed: string;
  readonly nodes: number;
  readonly clients: number;
  readonly known: boolean;
  readonly duration: number;
  readonly faults: readonly Fault[];
  readonly split: number;
  readonly nat: boolean;
  readonly workload: Workload;
}

const DAY = 86_400_000;
const MINUTE = 60_000;
const MOST = 1_000_000;
const NODES = 20;
/** Milliseconds of a storm by default, at least. */
const SHORTEST = 10_000;
/** Per member and minute. */
const CALLS = 10;
/** Names there are at most by default: more tell nothing new. Fewer than members: each has several providers. */
const SERVICES = 40;
const MEMBERS_PER_SERVICE = 4;

const count = (most: number): Check => {
  const range = between(0, most);
  return (name, value) => {
    range(name, value);
    if (!Number.isInteger(value)) refuse(name, 'a whole number', value);
  };
};

const list =
  (each: Check): Check =>
  (name, value) => {
    if (!Array.isArray(value)) refuse(name, 'a list', value);
    for (const [at, one] of value.entries()) each(`${name}[${at}]`, one);
  };

const fault = fields<Fault>(
  {
    at: between(0, DAY, ' ms'),
    kind: oneOf(...FAULT_KINDS, ...NAT_FAULT_KINDS),
    lasts: between(0, DAY, ' ms'),
    who: count(MOST),
    whom: count(MOST),
    ways: oneOf('both', 'forward'),
    size: between(0, 1),
  },
  ['at', 'kind', 'lasts', 'who', 'whom', 'ways', 'size'],
);
const kinds = list(oneOf(...CALL_KINDS));

const check = fields<SimulationOptions>(
  {
    seed: (name, value) => {
      if (typeof value !== 'string' && !Number.isFinite(value)) refuse(name, 'a string or a number', value);
    },
    nodes: (name, value) => {
      count(10_000)(name, value);
      if (value === 0) refuse(name, 'one at least', value);
    },
    clients: count(10_000),
    known: yesOrNo,
    duration: between(0, DAY, ' ms'),
    faults: (name, value) => {
      (Array.isArray(value) ? list(fault) : count(MOST))(name, value);
    },
    split: between(0, DAY, ' ms'),
    nat: yesOrNo,
    workload: fields<Workload>({
      services: (name, value) => {
        count(MOST)(name, value);
        if (value === 0) refuse(name, 'one at least', value);
      },
      calls: count(MOST),
      changes: count(MOST),
      bursts: count(MOST),
      kinds: (name, value) => {
        kinds(name, value);
        if ((value as readonly unknown[]).length === 0) refuse(name, 'one kind at least', value);
      },
    }),
    signal: (name, value) => {
      if (!(value instanceof AbortSignal)) refuse(name, 'an AbortSignal', value);
    },
  },
  ['seed'],
);

/** Judges the options and fills in what is not left to the seed. */
export function settled(options: SimulationOptions): Omit<Configuration, 'faults' | 'split'> & {
  readonly faults: number | readonly Fault[];
  readonly split: number | undefined;
} {
  check('', options);
  const { nodes = NODES, known = false, nat = false, workload = {} } = options;
  if (nat && (options.split ?? 0) > 0) refuse('split', '0 with NATs', options.split);
  const { duration = Math.max(SHORTEST, Math.floor((MINUTE * NODES) / Math.max(NODES, nodes))) } = options;
  const { clients = Math.floor(nodes / 5) } = options;
  const memberMinutes = ((nodes + clients) * duration) / MINUTE;
  const { faults = Math.ceil(memberMinutes) } = options;
  return {
    seed: String(options.seed),
    nodes,
    clients,
    known,
    duration,
    faults,
    split: options.split,
    nat,
    workload: {
      services: workload.services ?? Math.min(SERVICES, Math.ceil((nodes + clients) / MEMBERS_PER_SERVICE)),
      calls: workload.calls ?? Math.ceil(CALLS * memberMinutes),
      changes: workload.changes ?? Math.ceil(memberMinutes / 2),
      bursts: workload.bursts ?? Math.ceil(memberMinutes),
      kinds: workload.kinds ?? CALL_KINDS,
    },
  };
}
