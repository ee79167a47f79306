/**
 * What is read off a round, and what we want it to be (BASELINES §5). Data.
 */
import type { Goal } from '../harness/goal.ts';
import type { Case } from '../harness/report.ts';
import { ERL, ERLANG_JS, MESH, TCP } from './names.ts';

/** Figures of one round by name: `part/what`. */
export type Figures = Record<string, number>;

export interface DistCase extends Omit<Case, 'ours'> {
  /** What needs it: left out of the rows where that is not there. */
  readonly needs: 'erl' | 'erlang_js' | undefined;
  readonly figure: string;
  /** Figures of others, by their names. */
  readonly than: Readonly<Record<string, string>>;
}

/** What an Erlang node does with another node, by the name it has in dist_bench.erl. */
export interface Workload {
  readonly name: string;
  readonly kind: 'sequential' | 'pipelined' | 'call' | 'callers';
  readonly size: number;
}

export const HUGE = 67_108_864;
/** The first of them is what nodes are warmed up with. */
export const WORKLOADS: readonly Workload[] = [
  { name: 'callers', kind: 'callers', size: 100 },
  { name: 'sequential', kind: 'sequential', size: 16 },
  { name: 'pipelined 256 B', kind: 'pipelined', size: 256 },
  { name: 'pipelined 4 KiB', kind: 'pipelined', size: 4_096 },
  { name: 'call', kind: 'call', size: 100 },
  { name: 'huge', kind: 'call', size: HUGE },
];

/** What a node of ours does with an Erlang node: lanes by name. */
export const CALLS: Readonly<Record<'call' | 'callers', number>> = { call: 1, callers: 64 };

const trips = { unit: 'round trips/s' } as const;
const rate = { unit: 'calls/s' } as const;
const open = { goals: [] } as const;

const answering = (name: string): Pick<DistCase, 'needs' | 'figure' | 'than'> => ({
  needs: 'erl',
  figure: `erl to espalier/${name}`,
  than: { [ERL]: `erl to erl/${name}` },
});

const asking = (name: string): Pick<DistCase, 'needs' | 'figure' | 'than'> => ({
  needs: 'erl',
  figure: `espalier to erl/${name}`,
  than: { [ERL]: `erl to erl/${name}` },
});

const between = (name: string, than: DistCase['than']): Pick<DistCase, 'needs' | 'figure' | 'than'> => ({
  needs: undefined,
  figure: `quic/${name}`,
  than,
});

const codec = (name: string): Omit<DistCase, 'name' | 'goals'> => ({
  needs: 'erlang_js',
  unit: 'k/CPU s',
  figure: `espalier codec/${name}`,
  than: { [ERLANG_JS]: `erlang_js codec/${name}` },
});

const than = (name: string, atLeast: number): readonly Goal[] => [{ than: name, atLeast }];

export const CASES: readonly DistCase[] = [
  {
    ...answering('sequential'),
    ...trips,
    name: 'answering erl, 16 B, one at a time',
    goals: than(ERL, 0.75),
  },
  {
    ...answering('pipelined 256 B'),
    ...trips,
    name: 'answering erl, 256 B, 256 under way',
    goals: than(ERL, 1),
  },
  { ...answering('pipelined 4 KiB'), ...trips, ...open, name: 'answering erl, 4 KiB, 256 under way' },
  { ...answering('call'), ...rate, ...open, name: 'gen_server:call from erl, 100 B, one at a time' },
  { ...answering('callers'), ...rate, ...open, name: 'gen_server:call from erl, 100 B, 64 callers' },
  { ...answering('huge'), unit: 'ms', ...open, name: 'gen_server:call from erl, 64 MiB and back' },
  { ...asking('call'), ...rate, ...open, name: 'calling a gen_server of erl, 100 B, one at a time' },
  { ...asking('callers'), ...rate, ...open, name: 'calling a gen_server of erl, 100 B, 64 in flight' },
  {
    ...between('inFlight', { [MESH]: 'mesh/inFlight', [TCP]: 'tcp/inFlight' }),
    ...rate,
    name: 'GenServer over QUIC, 100 B, 64 in flight',
    goals: than(MESH, 0.8),
  },
  {
    ...between('apart', { [MESH]: 'mesh/apart', [TCP]: 'tcp/apart' }),
    ...open,
    unit: 'µs',
    name: 'GenServer over QUIC, 100 B, one at a time, p50, two CPUs',
  },
  {
    ...between('huge', { [TCP]: 'tcp/huge' }),
    ...open,
    unit: 'ms',
    name: 'GenServer over QUIC, 64 MiB and back',
  },
  { ...codec('encode small'), name: 'gen_call of {add, 7}, encoded', goals: than(ERLANG_JS, 2) },
  { ...codec('decode small'), name: 'gen_call of {add, 7}, decoded', goals: than(ERLANG_JS, 2) },
  { ...codec('encode bytes'), ...open, name: 'gen_call of {echo, 100 B}, encoded' },
  { ...codec('decode bytes'), ...open, name: 'gen_call of {echo, 100 B}, decoded' },
];
