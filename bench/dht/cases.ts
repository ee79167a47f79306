/**
 * What is read off the networks, and what we want it to be (BASELINES §3). Data.
 *
 * Where hyperdht's median lookup meets no dead node (N = 20), it waits for nobody, and the goal of a fifth of its
 * time says nothing: it is set for N = 100.
 */
import type { Goal } from '../harness/goal.ts';
import type { Case } from '../harness/report.ts';
import { ESPALIER, HYPERDHT, KADEMLIA, LIBP2P } from './names.ts';
import type { StepName } from './messages.ts';

/** libp2p builds this many in 9 s, and a hundred in a minute. */
export const LIBP2P_SIZE = 20;
const CHURN_SIZE = 100;

export interface NetworkCase extends Case {
  readonly step: StepName;
  /** Name of the figure. */
  readonly figure: string;
}

const than = (peer: string, atMost: number): Goal => ({ than: peer, atMost });

/** Rows of a network of `size`; `judged` false: figures without goals. */
export function networkCases(size: number, judged: boolean): readonly NetworkCase[] {
  const small = size <= LIBP2P_SIZE;
  const large = size >= CHURN_SIZE;
  const make = (
    step: StepName,
    name: string,
    figure: string,
    unit: Case['unit'],
    goals: readonly (Goal | false)[] = [],
  ): NetworkCase => ({
    name: `N = ${size}: ${name}`,
    unit,
    ours: ESPALIER,
    goals: judged ? goals.filter((goal) => goal !== false) : [],
    step,
    figure,
  });
  const dying = (step: StepName, name: string, p95: number): readonly NetworkCase[] => [
    make(step, `${name}, full lookup, p50`, 'p50', 'ms', [large && than(HYPERDHT, 0.2)]),
    make(step, `${name}, full lookup, p95`, 'p95', 'ms', [{ atMost: p95 }]),
    make(step, `${name}, found`, 'success', '%', [{ atLeast: 99 }]),
    make(step, `${name}, messages per lookup`, 'messages', 'messages'),
  ];
  return [
    make('build', 'build the network', 'seconds', 's', [
      large && than(HYPERDHT, 10),
      small && than(LIBP2P, 0.3),
    ]),
    make('build', 'build the network, CPU', 'cpu', 's'),
    // a hundred connections of a node are no longer few
    make('build', 'memory per node', 'mb', 'MB', [small && { atMost: 2 }]),
    make('build', 'connections per node', 'connections', 'connections'),
    make('announce', 'announce, p50', 'p50', 'ms', [than(HYPERDHT, 2)]),
    make('announce', 'messages per announce', 'messages', 'messages'),
    make('lookUp', 'first provider, p50', 'first p50', 'ms', [than(HYPERDHT, 1.5)]),
    make('lookUp', 'full lookup, p50', 'p50', 'ms', [than(HYPERDHT, 2), small && than(LIBP2P, 0.1)]),
    make('lookUp', 'full lookup, CPU of all nodes', 'cpu', 'ms'),
    make('lookUp', 'full lookup, p95', 'p95', 'ms'),
    make('lookUp', 'messages per lookup', 'messages', 'messages', [than(HYPERDHT, 1)]),
    make('lookUp', 'new connections per lookup', 'made', 'connections', [{ atMost: 2 }]),
    make('lookUp', 'found', 'success', '%', [{ atLeast: 99 }]),
    ...dying('quarter', '25 % died', 500),
    ...dying('half', '50 % died', 1_500),
  ];
}

export interface RuleCase extends Case {
  /** Name of the figure, after that of the contender. */
  readonly figure: string;
}

const rule = (name: string, figure: string, goal: Goal): RuleCase => ({
  name,
  unit: 'µs',
  ours: ESPALIER,
  figure,
  goals: [goal],
});

export const RULE_CASES: readonly RuleCase[] = [
  rule('routing table, insert', 'insert', than(KADEMLIA, 1.2)),
  rule('routing table, closest 20 as they are answered', 'closest', than(KADEMLIA, 1.2)),
  rule('routing table, closest 20, sorted', 'sorted', than(KADEMLIA, 1.2)),
  rule('cache hit', 'cache hit', { atMost: 1 }),
  rule('cache hit, negative', 'negative cache hit', { atMost: 1 }),
];
