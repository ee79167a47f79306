/**
 * A bench whose contenders are a client and a server in two processes.
 *
 * Rounds are interleaved (A B C A B C …), every peer in fresh processes each time; ratios are taken inside a
 * round, so that other people's load hits both sides of a ratio (OTP §7.4).
 */
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { circumstances } from '../harness/circumstances.ts';
import { ensurePackages } from '../harness/packages.ts';
import { usableCpus } from '../harness/placement.ts';
import { incidentsOf, row, type Case, type Incident, type Report } from '../harness/report.ts';
import type { PeerEntry } from './peer.ts';
import { planned, type Plan } from './plan.ts';
import { session, type Session } from './session.ts';
import { summed, troubles } from './told.ts';

export interface SessionCase extends Case {
  /** Undefined when this session did not measure it. */
  readonly figure: (session: Session) => number | undefined;
  /** False when peers have no such thing. */
  readonly compared: boolean;
}

export interface Suite {
  readonly name: string;
  readonly question: string;
  readonly what: string;
  /** Always measured. */
  readonly ours: readonly PeerEntry[];
  /** Can be chosen by `--peers`. */
  readonly peers: readonly PeerEntry[];
  readonly cases: readonly SessionCase[];
}

export const suite = (definition: Suite): Bench => ({
  name: definition.name,
  question: definition.question,
  peers: definition.peers.map(({ name }) => name),
  measure: (options) => measure(definition, options),
});

type Sessions = ReadonlyMap<string, readonly Session[]>;

async function measure(definition: Suite, options: BenchOptions): Promise<Report> {
  const around = circumstances(options);
  const skipped: { peer: string; reason: string }[] = [];
  const plan = planned(options);
  const present: PeerEntry[] = plan.variants ? [...definition.ours] : definition.ours.slice(0, 1);
  const cases = definition.cases.filter(({ ours }) => present.some(({ name }) => name === ours));
  for (const entry of definition.peers) {
    if (options.peers?.includes(entry.name) === false) continue;
    const reason = await ensurePackages(entry.packages, progress);
    if (reason === undefined) present.push(entry);
    else skipped.push({ peer: entry.name, reason });
  }
  const cpus = usableCpus();
  const { sessions, rounds } = await interleaved(present, plan, cpus);
  return {
    bench: definition.name,
    what: definition.what,
    ...around(rounds),
    placement: placementText(cpus),
    rows: cases.map((one) =>
      rowOf(one, sessions, one.compared ? present.filter((entry) => definition.peers.includes(entry)) : []),
    ),
    skipped,
    incidents: [...sessions].flatMap(([name, done]) => incidents(name, done)),
    notes: Object.fromEntries(present.map(({ name, note }) => [name, note])),
  };
}

/** All peers in turn, round after round, while a round like the longest so far fits into the budget. */
async function interleaved(
  entries: readonly PeerEntry[],
  plan: Plan,
  cpus: readonly number[] | undefined,
): Promise<{ readonly sessions: Sessions; readonly rounds: number }> {
  const sessions = new Map<string, Session[]>(entries.map(({ name }) => [name, []]));
  const began = performance.now();
  let longest = 0;
  let round = 0;
  for (; round < plan.rounds; round++) {
    const start = performance.now();
    if (start - began + longest > plan.budget) {
      progress(`no time for more than ${round} rounds`);
      break;
    }
    for (const entry of entries) {
      const result = await session(entry, plan, cpus);
      sessions.get(entry.name)?.push(result);
      progress(`round ${round + 1}/${plan.rounds} ${entry.name.padEnd(14)} ${summed(result)}`);
    }
    longest = Math.max(longest, performance.now() - start);
  }
  return { sessions, rounds: round };
}

function rowOf(
  definition: SessionCase,
  sessions: Sessions,
  peers: readonly PeerEntry[],
): Report['rows'][number] {
  const figures = (name: string): (number | undefined)[] =>
    (sessions.get(name) ?? []).map((one) => definition.figure(one));
  return row(definition, figures(definition.ours), new Map(peers.map(({ name }) => [name, figures(name)])));
}

const incidents = (name: string, rounds: readonly Session[]): readonly Incident[] =>
  incidentsOf(name, rounds.map(troubles));

function placementText(cpus: readonly number[] | undefined): string {
  const [one, other] = cpus ?? [];
  if (one === undefined || other === undefined)
    return 'NOT PLACED: "two CPUs" and "one CPU" are what the system chose';
  return `two CPUs: client on ${one}, server on ${other}; one CPU: both on ${one}; in flight: the system's choice`;
}

const progress = (line: string): void => {
  console.error(line);
};
