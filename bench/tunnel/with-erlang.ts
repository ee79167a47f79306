/**
 * Erlang nodes in pairs: connected directly, and through bridge, relay and bridge. Each asks its other in turns.
 */
import type { Erlang, ErlangNode } from '../dist/erlang.ts';
import { median } from '../harness/statistics.ts';
import { HUGE, WAYS, WORKLOADS, type Workload } from './cases.ts';
import type { Plan } from './plan.ts';
import type { Figures, Scenario } from './scenario.ts';
import type { World } from './world.ts';

const [ASKS, ANSWERS] = ['asks@127.0.0.1', 'answers@127.0.0.1'];
/** Milliseconds for the first connection of a pair. */
const CONNECT = 15_000;
/** Milliseconds that a run may take longer than planned. */
const GRACE = 20_000;
const GRACE_HUGE = 90_000;
const MEGA = 1_000_000;

/** By way: who asks. Who answers is called the same everywhere. */
type Askers = Readonly<Record<string, ErlangNode>>;

export const withErlang =
  (erlang: Erlang): Scenario =>
  async (world, plan, figures, round) => {
    const askers: Record<string, ErlangNode> = {};
    for (const [way, flags] of Object.entries(WAYS)) {
      askers[way] = await pair(world, erlang, flags);
      await askers[way].connect(ANSWERS, CONNECT);
    }
    for (const asks of Object.values(askers)) await asked(asks, WORKLOADS[1]!, plan.cold, plan.window);
    for (const workload of WORKLOADS) await inTurns(askers, workload, plan, round, figures);
  };

/** @param flags of the bridges; undefined: there are none. */
async function pair(world: World, erlang: Erlang, flags: readonly string[] | undefined): Promise<ErlangNode> {
  const relay = flags === undefined ? undefined : await world.relay(0);
  const start = async (name: string): Promise<ErlangNode> => {
    const bridge = relay === undefined ? undefined : await world.bridge(relay.url, name, flags);
    const node = await erlang.node(name, bridge);
    world.owns(() => node.close());
    return node;
  };
  await start(ANSWERS);
  return start(ASKS);
}

async function inTurns(
  askers: Askers,
  workload: Workload,
  plan: Plan,
  round: number,
  figures: Figures,
): Promise<void> {
  const found = new Map<string, number[]>();
  const turns = workload.size === HUGE ? plan.hugeTurns : plan.turns;
  for (let turn = 0; turn < turns; turn++) {
    const order = Object.entries(askers);
    for (const [way, asks] of (round + turn) % 2 === 0 ? order : order.toReversed()) {
      const figure = await asked(asks, workload, plan.warm, plan.window);
      found.set(way, [...(found.get(way) ?? []), figure]);
      figures[`${way}/${workload.name}`] = median(found.get(way) ?? []);
    }
  }
}

/** Round trips per second; of the largest messages MB/s, each counted once. */
async function asked(
  asks: ErlangNode,
  { kind, size, unit }: Workload,
  warm: number,
  window: number,
): Promise<number> {
  const limit = size === HUGE ? GRACE_HUGE : GRACE;
  const perSecond = await asks.run(kind, ANSWERS, size, warm, window, limit);
  return unit === 'MB/s' ? (perSecond * size) / MEGA : perSecond;
}
