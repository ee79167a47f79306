/**
 * What does one call cost over loopback between two processes, the whole path: mutual TLS, codec, deadline,
 * mailbox, isolated child?
 *
 * Rounds are interleaved (A B C A B C …), every peer in fresh processes each time; ratios are taken inside a
 * round, so that other people's load hits both sides of a ratio (OTP §7.4).
 */
import { availableParallelism, loadavg } from 'node:os';
import { optionsHelp, parseOptions, type Bench, type BenchOptions } from '../harness/bench.ts';
import { ensurePackages } from '../harness/packages.ts';
import { rounded } from '../harness/statistics.ts';
import { usableCpus } from '../harness/placement.ts';
import type { PeerEntry } from './peer.ts';
import { ENTRIES, isOurs, OURS } from './peers.ts';
import { FULL, QUICK, type Plan } from './plan.ts';
import { printed } from './print.ts';
import { incidents, rows, type RpcReport } from './report.ts';
import { session, type Session } from './session.ts';

const QUESTION = 'What does one call cost over loopback between two processes, the whole path?';

export const rpc: Bench = {
  question: QUESTION,

  async run(args) {
    const options = parseOptions(args);
    if (typeof options === 'string') {
      console.error(`${options}\n\n${optionsHelp('rpc', QUESTION)}`);
      return 2;
    }
    if (options.help) {
      console.log(optionsHelp('rpc', QUESTION));
      return 0;
    }
    const unknown = options.peers?.find((name) => !others().includes(name));
    if (unknown !== undefined) {
      console.error(`There is no peer called "${unknown}". Peers: ${others().join(', ')}`);
      return 2;
    }
    const report = await measure(options);
    console.log(options.json ? JSON.stringify(report, null, 2) : printed(report));
    return report.rows.every(({ ours }) => ours !== null) ? 0 : 1;
  },
};

async function measure(options: BenchOptions): Promise<RpcReport> {
  const plan = options.quick ? QUICK : FULL;
  const began = performance.now();
  const loadBefore = rounded(loadavg()[0] ?? 0);
  const skipped: { peer: string; reason: string }[] = [];
  const present: PeerEntry[] = [];
  for (const entry of ENTRIES) {
    if (!isOurs(entry) && options.peers?.includes(entry.name) === false) continue;
    const reason = await ensurePackages(entry.packages, progress);
    if (reason === undefined) present.push(entry);
    else skipped.push({ peer: entry.name, reason });
  }
  const { sessions, rounds, placed } = await interleaved(present, plan, began);
  return {
    bench: 'rpc',
    node: process.version,
    cpus: availableParallelism(),
    rounds,
    size: plan.size,
    date: new Date().toISOString(),
    quick: options.quick,
    load: [loadBefore, rounded(loadavg()[0] ?? 0)],
    placed,
    rows: rows(
      sessions,
      present.filter((entry) => !isOurs(entry)).map(({ name }) => name),
    ),
    skipped,
    incidents: incidents(sessions),
    notes: Object.fromEntries(present.map(({ name, note }) => [name, note])),
  };
}

/** All peers in turn, round after round, while a round like the longest so far fits into the budget. */
async function interleaved(
  entries: readonly PeerEntry[],
  plan: Plan,
  began: number,
): Promise<{ sessions: ReadonlyMap<string, readonly Session[]>; rounds: number; placed: boolean }> {
  const sessions = new Map<string, Session[]>(entries.map(({ name }) => [name, []]));
  const cpus = usableCpus();
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
      progress(`round ${round + 1}/${plan.rounds} ${entry.name.padEnd(12)} ${summary(result)}`);
    }
    longest = Math.max(longest, performance.now() - start);
  }
  return { sessions, rounds: round, placed: cpus !== undefined && cpus.length > 1 };
}

function summary({ steps, failure }: Session): string {
  const { apart, together, inFlight } = steps;
  const words: string[] = [];
  for (const sample of [apart, together]) {
    if (sample?.p50 !== undefined) words.push(`p50 ${sample.p50.toFixed(1)} µs`);
  }
  if (inFlight !== undefined) words.push(`${inFlight.perSecond.toFixed(0)} calls/s`);
  for (const [name, sample] of Object.entries(steps)) if (sample.stalled) words.push(`STALLED ${name}`);
  if (failure !== undefined) words.push(`FAILED: ${failure}`);
  return words.join(', ');
}

const progress = (line: string): void => {
  console.error(line);
};

const others = (): readonly string[] =>
  ENTRIES.filter((entry) => entry.name !== OURS && !isOurs(entry)).map(({ name }) => name);
