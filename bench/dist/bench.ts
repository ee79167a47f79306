/**
 * What does Erlang's protocol cost: against Erlang itself, between two nodes of ours, and its terms alone?
 *
 * Erlang's own figures come from the same Erlang node that asks us, in turns within each round.
 */
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { circumstances } from '../harness/circumstances.ts';
import { Child } from '../harness/child.ts';
import { ensurePackages } from '../harness/packages.ts';
import { usableCpus } from '../harness/placement.ts';
import { incidentsOf, type Report } from '../harness/report.ts';
import { rounded } from '../harness/statistics.ts';
import { OURS_NAME, DIST_QUIC, DIST_TCP } from '../rpc/names.ts';
import { BETWEEN, OURS } from '../rpc/peers.ts';
import { session } from '../rpc/session.ts';
import { troubles } from '../rpc/told.ts';
import type { Figures } from './cases.ts';
import { Erlang } from './erlang.ts';
import type { CodecOrder, CodecWord } from './messages.ts';
import { ERL, ERLANG_JS, ESPALIER, MESH, TCP } from './names.ts';
import { planned, type Plan } from './plan.ts';
import { figuresOf, rowsOf } from './rows.ts';
import { withErlang } from './with-erlang.ts';

const CODEC_SCRIPT = new URL('codec-process.js', import.meta.url);
/** Milliseconds that a round of codecs may take longer than planned. */
const GRACE = 20_000;

const NOTES: Readonly<Record<string, string>> = {
  [ERL]: 'the same asked of a second Erlang node, by the same one, in turns; both as erl starts them',
  [MESH]: "the bench rpc's own figure, client.call over QUIC, in the same round",
  [TCP]: 'the same between two nodes of ours over TCP, not encrypted',
  [ERLANG_JS]: 'its binaries are views of what was decoded, ours are copies: 100 B cost us a buffer',
};

/** One after the other, what each figure is called. */
const SESSIONS: Readonly<Record<string, string>> = { mesh: OURS_NAME, quic: DIST_QUIC, tcp: DIST_TCP };

export const dist: Bench = {
  name: 'dist',
  question: "What does Erlang's protocol cost: against Erlang itself, between our nodes, its terms alone?",
  peers: [ERL, ERLANG_JS],
  measure,
};

interface Round {
  readonly figures: Figures;
  readonly troubles: string[];
}

interface Present {
  readonly erlang: Erlang | undefined;
  readonly codecs: readonly string[];
}

async function measure(options: BenchOptions): Promise<Report> {
  const plan = planned(options);
  const around = circumstances(options);
  const skipped: { peer: string; reason: string }[] = [];
  const wanted = (peer: string): boolean => options.peers?.includes(peer) !== false;
  const erlang = wanted(ERL) ? await Erlang.open() : undefined;
  if (typeof erlang === 'string') skipped.push({ peer: ERL, reason: `${erlang}: its rows are left out` });
  const missing = wanted(ERLANG_JS) ? await ensurePackages([ERLANG_JS], progress) : undefined;
  if (missing !== undefined) skipped.push({ peer: ERLANG_JS, reason: `${missing}: its rows are left out` });
  const present: Present = {
    erlang: typeof erlang === 'string' ? undefined : erlang,
    codecs: wanted(ERLANG_JS) && missing === undefined ? [ESPALIER, ERLANG_JS] : [],
  };
  const rounds: Round[] = [];
  try {
    await interleaved(plan, present, rounds);
  } finally {
    await present.erlang?.close();
  }
  const release = present.erlang === undefined ? '' : `, OTP ${present.erlang.release}`;
  return {
    bench: 'dist',
    what: `round trips and calls over loopback between processes${release}; terms inside one`,
    ...around(rounds.length),
    placement: 'nothing is placed but "two CPUs": client and server on one each',
    rows: rowsOf(
      rounds.map(({ figures }) => figures),
      { [ERL]: present.erlang !== undefined, [ERLANG_JS]: present.codecs.length > 0 },
    ),
    skipped,
    incidents: incidentsOf(
      'dist',
      rounds.map((round) => round.troubles),
    ),
    notes: NOTES,
  };
}

async function interleaved(plan: Plan, { erlang, codecs }: Present, rounds: Round[]): Promise<void> {
  const began = performance.now();
  let longest = 0;
  for (let number = 0; number < plan.rounds; number++) {
    const start = performance.now();
    if (start - began + longest > plan.budget) {
      progress(`no time for more than ${number} rounds`);
      return;
    }
    const round: Round = { figures: {}, troubles: [] };
    rounds.push(round);
    const { figures } = round;
    if (erlang !== undefined) await tried(round, () => withErlang(erlang, plan, number, figures));
    await between(plan, number, round);
    if (codecs.length > 0) await tried(round, () => inProcess(plan, codecs, number, figures));
    progress(`round ${number + 1}/${plan.rounds} ${told(round)}`);
    longest = Math.max(longest, performance.now() - start);
  }
}

async function tried({ troubles: found }: Round, run: () => Promise<void>): Promise<void> {
  try {
    await run();
  } catch (error) {
    found.push(error instanceof Error ? error.message : String(error));
  }
}

/** The mesh's own call, and calls between nodes of a distribution. Another one begins each round. */
async function between(plan: Plan, number: number, round: Round): Promise<void> {
  const names = Object.entries(SESSIONS);
  for (let turn = 0; turn < names.length; turn++) {
    const [figure, name] = names[(turn + number) % names.length]!;
    const entry = [...OURS, ...BETWEEN].find((one) => one.name === name)!;
    const steps = name === OURS_NAME ? (['inFlight', 'apart'] as const) : entry.steps;
    const found = await session({ ...entry, steps }, plan.sessions, usableCpus());
    Object.assign(round.figures, figuresOf(figure, found));
    round.troubles.push(...troubles(found).map((trouble) => `${name}: ${trouble}`));
  }
}

async function inProcess(
  plan: Plan,
  codecs: readonly string[],
  number: number,
  figures: Figures,
): Promise<void> {
  const child = new Child<CodecOrder, CodecWord>('codecs', CODEC_SCRIPT, []);
  const { warm, window } = plan.codecs;
  try {
    child.send({ codecs: number % 2 === 0 ? codecs : codecs.toReversed(), warm, window });
    const word = await child.receive(8 * (warm + window) + GRACE);
    if (word.tag === 'failed') throw new Error(word.reason);
    for (const [name, rates] of Object.entries(word.rates))
      for (const [what, rate] of Object.entries(rates)) figures[`${name} codec/${what}`] = rate;
  } finally {
    await child.close();
  }
}

const told = ({ figures, troubles: found }: Round): string =>
  [...found, ...Object.entries(figures).map(([name, value]) => `${name} ${rounded(value)}`)].join(', ');

const progress = (line: string): void => {
  console.error(line);
};
