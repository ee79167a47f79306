/**
 * Erlang nodes in pairs: connected directly, through pipes, and through bridge, relay and bridge. Each asks its other in turns.
 */
import { freePort, type Erlang, type ErlangNode, type Place } from '../dist/erlang.ts';
import { median } from '../harness/statistics.ts';
import { HUGE, TUNNELS, WORKLOADS, type Workload } from './cases.ts';
import { DIRECT, PIPES } from './names.ts';
import type { Plan } from './plan.ts';
import type { Figures, Scenario } from './scenario.ts';
import type { World } from './world.ts';

const [ASKS, ANSWERS] = ['asks@127.0.0.1', 'answers@127.0.0.1'];
/** Milliseconds for the first connection of a pair. */
const CONNECT = 15_000;
/** Milliseconds that a run may take longer than planned. */
const GRACE = 20_000;
const GRACE_HUGE = 90_000;
/** Bridge, relay and bridge. */
const HOPS = 3;
const MEGA = 1_000_000;

/** By way: who asks. Who answers is called the same everywhere. */
type Askers = Readonly<Record<string, ErlangNode>>;

export const withErlang =
  (erlang: Erlang): Scenario =>
  async (world, plan, figures, round) => {
    const start = async (name: string, place?: Place): Promise<ErlangNode> => {
      const node = await erlang.node(name, place);
      world.owns(() => node.close());
      return node;
    };
    const askers: Record<string, ErlangNode> = {
      [DIRECT]: await directly(start),
      [PIPES]: await throughPipes(world, start),
    };
    for (const [way, flags] of Object.entries(TUNNELS))
      askers[way] = await throughTunnel(world, flags, start);
    for (const asks of Object.values(askers)) await asks.connect(ANSWERS, CONNECT);
    for (const asks of Object.values(askers)) await asked(asks, WORKLOADS[1]!, plan.cold, plan.window);
    for (const workload of WORKLOADS) await inTurns(askers, workload, plan, round, figures);
  };

type Start = (name: string, place?: Place) => Promise<ErlangNode>;

async function directly(start: Start): Promise<ErlangNode> {
  await start(ANSWERS);
  return start(ASKS);
}

async function throughPipes(world: World, start: Start): Promise<ErlangNode> {
  let port = await freePort();
  await start(ANSWERS, { listens: port });
  for (let hop = 0; hop < HOPS; hop++) port = await world.pipe(port);
  return start(ASKS, { finds: port });
}

/** @param flags of the bridges. */
async function throughTunnel(world: World, flags: readonly string[], start: Start): Promise<ErlangNode> {
  const relay = await world.relay(0);
  const bridged = async (name: string): Promise<ErlangNode> =>
    start(name, { epmd: await world.bridge(relay.url, name, flags) });
  await bridged(ANSWERS);
  return bridged(ASKS);
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
