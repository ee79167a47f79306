/**
 * How fast and how small is the DHT, whole and with dead nodes in it?
 *
 * N nodes in one process on loopback. A fresh process for each network of each contender, in turns A B C A B C;
 * ratios are of the same round.
 */
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { circumstances } from '../harness/circumstances.ts';
import { Child } from '../harness/child.ts';
import { ensurePackages } from '../harness/packages.ts';
import { incidentsOf, row, type Report, type Row } from '../harness/report.ts';
import { rounded } from '../harness/statistics.ts';
import { LIBP2P_SIZE, networkCases, RULE_CASES } from './cases.ts';
import { BARE, ESPALIER, HYPERDHT, KADEMLIA, LIBP2P } from './names.ts';
import type { Figures, Order, StepName, TableOrder, Word } from './messages.ts';
import { LIBP2P_PACKAGES } from './networks/libp2p.ts';
import { planned, type NetworkPlan, type Plan } from './plan.ts';

const SCRIPT = new URL('process.js', import.meta.url);
/** From this size on figures have no goals. */
const UNJUDGED = 300;

const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  [HYPERDHT]: ['hyperdht'],
  [LIBP2P]: LIBP2P_PACKAGES,
  [KADEMLIA]: [KADEMLIA],
  [BARE]: [],
};

const NOTES: Readonly<Record<string, string>> = {
  [ESPALIER]:
    'QUIC with mutual TLS; pool raised to N; the DHT itself, without cache; a record is signed and verified; first provider: the first node asked that has the record, though at N = 20 every node keeps it itself',
  [HYPERDHT]:
    'single UDP requests, unencrypted, no connections; fixed wait of a second for a node that is silent',
  [LIBP2P]: `N = ${LIBP2P_SIZE} only: it takes a minute to build a hundred; dead nodes are visible by the end of TCP`,
  [KADEMLIA]:
    'the table of hyperdht; its closest are near, not sorted, unless it is said; full buckets just refuse',
  [BARE]: `N = ${LIBP2P_SIZE} only: the native binding with our configuration, a socket per node, everybody connected, questions and answers of the same sizes; no DHT, no competitor: what QUIC costs here at least`,
};

export const dht: Bench = {
  name: 'dht',
  question: 'How fast and how small is the DHT, whole and with dead nodes in it?',
  peers: Object.keys(PACKAGES),
  measure,
};

/** What was measured of one contender, by round. */
interface Found {
  readonly figures: (Readonly<Partial<Record<StepName | 'table', Figures>>> | undefined)[];
  readonly troubles: string[][];
}

async function measure(options: BenchOptions): Promise<Report> {
  const began = performance.now();
  const around = circumstances(options);
  const plan = planned(options);
  const { present, skipped } = await presentOf(options);
  const found = new Map<string, Found>();
  const rounds = await interleaved(plan, present, found, began + plan.deadline);
  const notes = [ESPALIER, ...present].map((name) => [name, NOTES[name] ?? '']);
  return {
    bench: 'dht',
    what: 'N nodes of one DHT in one process on loopback; nodes die silently',
    ...around(rounds),
    placement: 'a process for each network, one after the other',
    rows: rowsOf(plan, present, found),
    skipped,
    incidents: [...found].flatMap(([name, { troubles }]) => incidentsOf(name, troubles)),
    notes: Object.fromEntries(notes) as Record<string, string>,
  };
}

async function presentOf({ peers }: BenchOptions): Promise<{
  readonly present: readonly string[];
  readonly skipped: Report['skipped'];
}> {
  const present: string[] = [];
  const skipped: { peer: string; reason: string }[] = [];
  for (const [peer, packages] of Object.entries(PACKAGES)) {
    if (peers?.includes(peer) === false) continue;
    const reason = await ensurePackages(packages, progress);
    if (reason === undefined) present.push(peer);
    else skipped.push({ peer, reason });
  }
  return { present, skipped };
}

/** All in turn, round after round, while one like the longest so far fits into the budget. Gives how many. */
async function interleaved(
  plan: Plan,
  present: readonly string[],
  found: Map<string, Found>,
  deadline: number,
): Promise<number> {
  const began = performance.now();
  let longest = 0;
  for (let round = 0; round < plan.rounds; round++) {
    const start = performance.now();
    if (start - began + longest > plan.budget) {
      progress(`no time for more than ${round} rounds`);
      return round;
    }
    const label = `round ${round + 1}/${plan.rounds}`;
    await one(RULES, { tag: 'table', peer: present.includes(KADEMLIA), window: plan.window }, label);
    for (const network of plan.networks)
      for (const contender of contendersAt(network.size, present))
        await one(keyOf(contender, network.size), orderOf(contender, network, round), label);
    longest = Math.max(longest, performance.now() - start);
  }
  return plan.rounds;

  async function one(key: string, order: Order | TableOrder, label: string): Promise<void> {
    const { figures, troubles } = found.get(key) ?? { figures: [], troubles: [] };
    found.set(key, { figures, troubles });
    const { steps, failure } = await inProcess(key, order, plan.silence, deadline);
    figures.push(steps);
    troubles.push(failure === undefined ? [] : [failure]);
    progress(`${label} ${key.padEnd(16)} ${failure ?? ''}${told(steps)}`);
  }
}

const RULES = 'rules';

const keyOf = (contender: string, size: number): string => `${contender} ${size}`;

const SMALL_ONLY = [LIBP2P, BARE];

const contendersAt = (size: number, present: readonly string[]): readonly string[] => [
  ESPALIER,
  ...present.filter((name) => name === HYPERDHT || (SMALL_ONLY.includes(name) && size <= LIBP2P_SIZE)),
];

/** The same seed for all of a round. */
const orderOf = (contender: string, network: NetworkPlan, round: number): Order => ({
  tag: 'network',
  contender,
  seed: round,
  ...network,
  churnTries: contender === ESPALIER ? network.churnTries : network.churnLookups,
});

interface Outcome {
  readonly steps: Partial<Record<StepName | 'table', Figures>>;
  /** Why not all steps were done. */
  readonly failure: string | undefined;
}

/** @param until monotonic ms at which it must be over. */
async function inProcess(
  name: string,
  order: Order | TableOrder,
  silence: number,
  until: number,
): Promise<Outcome> {
  const steps: Outcome['steps'] = {};
  if (performance.now() >= until) return { steps, failure: NO_TIME };
  const child = new Child<Order | TableOrder, Word>(name, SCRIPT, []);
  try {
    child.send(order);
    for (;;) {
      const left = until - performance.now();
      if (left <= 0) return { steps, failure: NO_TIME };
      const word = await child.receive(Math.min(silence, left));
      if (word.tag === 'over') return { steps, failure: undefined };
      if (word.tag === 'failed') return { steps, failure: word.reason };
      steps[word.tag === 'table' ? 'table' : word.step] = word.figures;
    }
  } catch (error) {
    return { steps, failure: error instanceof Error ? error.message : String(error) };
  } finally {
    await child.close();
  }
}

const NO_TIME = 'no time was left for all of it';

function rowsOf(plan: Plan, present: readonly string[], found: ReadonlyMap<string, Found>): readonly Row[] {
  const networks = plan.networks.flatMap(({ size }) => {
    const peers = contendersAt(size, present).filter((name) => name !== ESPALIER);
    return networkCases(size, size < UNJUDGED).map((one) => {
      const of = (name: string): (number | undefined)[] =>
        (found.get(keyOf(name, size))?.figures ?? []).map((steps) => steps?.[one.step]?.[one.figure]);
      const theirs = peers.map((name) => [name, of(name)] as const).filter(isMeasured);
      return row(one, of(ESPALIER), new Map(theirs));
    });
  });
  const rules = RULE_CASES.map((one) => {
    const of = (name: string): (number | undefined)[] =>
      (found.get(RULES)?.figures ?? []).map((steps) => steps?.table?.[`${name} ${one.figure}`]);
    return row(
      one,
      of(ESPALIER),
      new Map([KADEMLIA].map((name) => [name, of(name)] as const).filter(isMeasured)),
    );
  });
  return [...networks, ...rules];
}

const isMeasured = ([, figures]: readonly [string, readonly (number | undefined)[]]): boolean =>
  figures.some((figure) => figure !== undefined);

const told = (steps: Outcome['steps']): string =>
  Object.entries(steps)
    .map(
      ([step, figures]) =>
        `${step}: ${Object.entries(figures)
          .map(([name, value]) => `${name} ${rounded(value)}`)
          .join(', ')}`,
    )
    .join('; ');

const progress = (line: string): void => {
  console.error(line);
};
