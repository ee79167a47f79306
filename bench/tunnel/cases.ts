/**
 * What is read off a round, and what we want it to be (BASELINES §5, issue of part 7). Data.
 *
 * A figure is named `SCENARIO/FIGURE`.
 */
import type { Goal } from '../harness/goal.ts';
import type { Case } from '../harness/report.ts';
import { DIRECT, PIPES, QUIC, TUNNEL } from './names.ts';

export interface TunnelCase extends Case {
  readonly figure: string;
  /** Name of a baseline → its figure. */
  readonly than: Readonly<Record<string, string>>;
}

/** What an Erlang node does with another one, by the name it has in dist_bench.erl. */
export interface Workload {
  readonly name: string;
  readonly kind: 'sequential' | 'pipelined' | 'pipelined_64' | 'echo_one' | 'send_one';
  readonly size: number;
  readonly unit: 'round trips/s' | 'MB/s';
  /** Through a tunnel, encrypted or not. */
  readonly goals: readonly Goal[];
}

export const HUGE = 67_108_864;
/** MB/s (BASELINES §5). */
const HUGE_GOAL: readonly Goal[] = [{ atLeast: 60 }];

const trips = { unit: 'round trips/s' } as const;

/** The second is what nodes and tunnels are warmed up with. */
export const WORKLOADS: readonly Workload[] = [
  {
    ...trips,
    name: '16 B, one at a time',
    kind: 'sequential',
    size: 16,
    goals: [{ than: DIRECT, atLeast: 0.08 }],
  },
  {
    ...trips,
    name: '256 B, 256 under way',
    kind: 'pipelined',
    size: 256,
    goals: [{ than: DIRECT, atLeast: 0.5 }],
  },
  { ...trips, name: '4 KiB, 64 under way', kind: 'pipelined_64', size: 4_096, goals: [] },
  { unit: 'MB/s', name: '64 MiB and back', kind: 'echo_one', size: HUGE, goals: HUGE_GOAL },
  { unit: 'MB/s', name: '64 MiB one way', kind: 'send_one', size: HUGE, goals: HUGE_GOAL },
];

/** Tunnels between two Erlang nodes, and what their bridges are told. */
export const TUNNELS: Readonly<Record<string, readonly string[]>> = {
  encrypted: [],
  'not encrypted': ['--no-encryption'],
};

/** What they are compared with. */
export const OTHERS: readonly string[] = [DIRECT, PIPES];

/** Calls under way between two nodes of ours. */
export const LANES: readonly number[] = [1, 64];

const make = (
  name: string,
  unit: Case['unit'],
  figure: string,
  goals: readonly Goal[] = [],
  than: TunnelCase['than'] = {},
): TunnelCase => ({ name, unit, ours: TUNNEL, figure, goals, than });

const withErlang: readonly TunnelCase[] = Object.keys(TUNNELS).flatMap((way) =>
  WORKLOADS.map(({ name, unit, goals }) =>
    make(
      `${way}: ${name}`,
      unit,
      `erlang/${way}/${name}`,
      goals,
      Object.fromEntries(OTHERS.map((other) => [other, `erlang/${other}/${name}`])),
    ),
  ),
);

const never = (name: string, figure: string): TunnelCase => make(name, 'times', figure, [{ atMost: 0 }]);

const rest: readonly TunnelCase[] = [
  ...LANES.map((lanes) =>
    make(`GenServer call, 100 B, ${lanes} in flight`, 'calls/s', `between/tunnel/${lanes}`, [], {
      [QUIC]: `between/quic/${lanes}`,
    }),
  ),
  make('relay killed and back: new clients', 'ms', 'restart/back'),
  make('relay killed and back: new clients, the slowest', 'ms', 'restart/back, worst', [{ atMost: 5_000 }]),
  make('relay killed and back: clients of all kills, the slowest', 'ms', 'restart/kept, worst', [
    { atMost: 5_000 },
  ]),
  never('relay killed and back: runs over 5 s', 'restart/late'),
  make('to the next relay: gap', 'ms', 'failover/gap', [{ atMost: 2_000 }]),
  make('to the next relay: gap, the longest', 'ms', 'failover/gap, worst', [{ atMost: 2_000 }]),
  make('to the next relay: tunnels refused or cut', 'times', 'failover/failed'),
  make('100 tunnels of 256 KiB/s: the fastest of its rate', '%', 'crowd/fastest', [{ atMost: 105 }]),
  make('100 tunnels of 256 KiB/s: the slowest of its rate', '%', 'crowd/slowest'),
  never('100 tunnels: cut while all are read', 'crowd/cut'),
  make('100 tunnels: one is not read, what the others get', '%', 'crowd/others', [{ atLeast: 90 }]),
  make('100 tunnels: memory of the relay', 'MB', 'crowd/memory'),
  make('100 tunnels: nobody reads, memory of the relay grows by', 'MB', 'crowd/grown', [{ atMost: 64 }]),
  make('100 tunnels: nobody reads, in the second half of it', 'MB', 'crowd/grown late'),
  make('100 tunnels: nobody reads, tunnels that are cut', 'times', 'crowd/cut in the end'),
];

/** Without Erlang its rows are left out. */
export const tunnelCases = (erlang: boolean): readonly TunnelCase[] =>
  erlang ? [...withErlang, ...rest] : rest;
