/**
 * What does a tunnel cost, between Erlang nodes and between ours, and what happens when a relay dies or is full?
 *
 * Relays, bridges, clients, Erlang nodes in processes of their own, on loopback; fresh ones for each scenario of each round.
 */
import { Erlang } from '../dist/erlang.ts';
import type { Bench, BenchOptions } from '../harness/bench.ts';
import { circumstances } from '../harness/circumstances.ts';
import { incidentsOf, type Report } from '../harness/report.ts';
import { rounded } from '../harness/statistics.ts';
import { between } from './between.ts';
import { crowd } from './crowd.ts';
import { DIRECT, ERL, PIPES, QUIC, TUNNEL } from './names.ts';
import { planned, type Plan } from './plan.ts';
import { failover, restart } from './relays.ts';
import { rowsOf, type Found } from './rows.ts';
import type { Figures, Scenario } from './scenario.ts';
import { withErlang } from './with-erlang.ts';
import { World } from './world.ts';

const NOTES: Readonly<Record<string, string>> = {
  [TUNNEL]:
    'bridge, relay and bridge, or relay alone between nodes of ours: each `espalier` in a process of its own',
  [DIRECT]: 'two Erlang nodes over TCP, in turns with those in tunnels; all as erl starts them',
  [PIPES]:
    'the same with three processes between them that pass bytes on and know nothing of them, not encrypted',
  [QUIC]: 'two nodes of ours without a relay between them',
  '64 MiB': 'MB are millions of bytes of the message, counted once also where it comes back',
  gap: 'the longest time without a new tunnel and an echo through it, while one after the other is made',
};

export const tunnel: Bench = {
  name: 'tunnel',
  question: 'What does a tunnel cost, and what happens when a relay dies or is full?',
  peers: [ERL],
  measure,
};

async function measure(options: BenchOptions): Promise<Report> {
  const plan = planned(options);
  const around = circumstances(options);
  const wanted = options.peers?.includes(ERL) !== false;
  const opened = wanted ? await Erlang.open() : undefined;
  const skipped =
    typeof opened === 'string' ? [{ peer: ERL, reason: `${opened}: its rows are left out` }] : [];
  const erlang = typeof opened === 'string' ? undefined : opened;
  const found: Found = new Map();
  let rounds = 0;
  try {
    rounds = await interleaved(plan, scenariosOf(erlang), found);
  } finally {
    await erlang?.close();
  }
  const release = erlang === undefined ? '' : `, OTP ${erlang.release}`;
  return {
    bench: 'tunnel',
    what: `tunnels through dist relays between processes, QUIC and TCP on loopback${release}`,
    ...around(rounds),
    placement: 'no process has a CPU of its own',
    rows: rowsOf(found, erlang !== undefined),
    skipped,
    incidents: [...found].flatMap(([name, { troubles }]) => incidentsOf(name, troubles)),
    notes: NOTES,
  };
}

/** In the order in which they are played; the first part of the names of their figures. */
const scenariosOf = (erlang: Erlang | undefined): readonly (readonly [string, Scenario])[] => [
  ...(erlang === undefined ? [] : [['erlang', withErlang(erlang)] as const]),
  ['between', between],
  ['restart', restart],
  ['failover', failover],
  ['crowd', crowd],
];

/** All in turn, round after round, while one like the longest so far fits into the budget. Gives how many. */
async function interleaved(
  plan: Plan,
  scenarios: readonly (readonly [string, Scenario])[],
  found: Found,
): Promise<number> {
  const began = performance.now();
  let longest = 0;
  for (let round = 0; round < plan.rounds; round++) {
    const start = performance.now();
    if (start - began + longest > plan.budget) {
      progress(`no time for more than ${round} rounds`);
      return round;
    }
    for (const [name, scenario] of scenarios) {
      const { figures, troubles } = found.get(name) ?? { figures: [], troubles: [] };
      found.set(name, { figures, troubles });
      const these: Figures = {};
      const failure = await inWorld(scenario, plan, these, round);
      figures.push(these);
      troubles.push(failure === undefined ? [] : [failure]);
      progress(`round ${round + 1}/${plan.rounds} ${name}: ${failure ?? ''} ${told(these)}`);
    }
    longest = Math.max(longest, performance.now() - start);
  }
  return plan.rounds;
}

/** Gives what went wrong. */
async function inWorld(
  scenario: Scenario,
  plan: Plan,
  figures: Figures,
  round: number,
): Promise<string | undefined> {
  const world = new World();
  try {
    await scenario(world, plan, figures, round);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    await world.close();
  }
}

const told = (figures: Figures): string =>
  Object.entries(figures)
    .map(([name, value]) => `${name} ${rounded(value)}`)
    .join(', ');

const progress = (line: string): void => {
  console.error(line);
};
