/**
 * One round with Erlang: an Erlang node asks another one and one of ours, in turns; then one of ours asks the Erlang node.
 */
import { Child } from '../harness/child.ts';
import { median } from '../harness/statistics.ts';
import { CALLS, HUGE, WORKLOADS, type Figures, type Workload } from './cases.ts';
import type { Erlang, ErlangNode } from './erlang.ts';
import type { NodeOrder, NodeWord } from './messages.ts';
import type { Plan } from './plan.ts';

const SCRIPT = new URL('node-process.js', import.meta.url);
/** Milliseconds to start a node of ours. */
const START = 20_000;
/** Milliseconds that a run may take longer than planned. */
const GRACE = 20_000;
const GRACE_HUGE = 90_000;
/** Of the largest message, which takes as long as many others. */
const HUGE_TURNS = 3;
const [ASKS, ANSWERS, OURS] = ['asks@127.0.0.1', 'answers@127.0.0.1', 'ours@127.0.0.1'];

type Ours = Child<NodeOrder, NodeWord>;

/** What was measured before something failed stays in `figures`. Rejects with what failed. */
export async function withErlang(erlang: Erlang, plan: Plan, round: number, figures: Figures): Promise<void> {
  const closers: (() => Promise<void>)[] = [];
  const start = async (name: string): Promise<ErlangNode> => {
    const node = await erlang.node(name);
    closers.push(() => node.close());
    return node;
  };
  try {
    const asks = await start(ASKS);
    await start(ANSWERS);
    const ours: Ours = new Child(OURS, SCRIPT, []);
    closers.push(() => ours.close());
    await told(ours, { tag: 'start', name: OURS, epmd: erlang.epmd }, START);
    const answering = { 'erl to erl': ANSWERS, 'erl to espalier': OURS };
    for (const node of Object.values(answering)) await asked(asks, WORKLOADS[0]!, node, plan.cold, plan);
    for (const workload of WORKLOADS) await inTurns(asks, workload, answering, plan, round, figures);
    for (const [name, lanes] of Object.entries(CALLS)) await calls(ours, name, lanes, plan, figures);
  } finally {
    await Promise.all(closers.map((close) => close()));
  }
}

async function inTurns(
  asks: ErlangNode,
  workload: Workload,
  answering: Readonly<Record<string, string>>,
  plan: Plan,
  round: number,
  figures: Figures,
): Promise<void> {
  const found = new Map<string, number[]>();
  const turns = workload.size === HUGE ? Math.min(plan.turns, HUGE_TURNS) : plan.turns;
  for (let turn = 0; turn < turns; turn++) {
    const order = Object.entries(answering);
    for (const [way, node] of (round + turn) % 2 === 0 ? order : order.toReversed()) {
      const figure = await asked(asks, workload, node, plan.warm, plan);
      found.set(way, [...(found.get(way) ?? []), figure]);
    }
  }
  for (const [way, values] of found) figures[`${way}/${workload.name}`] = median(values);
}

/** Round trips per second; of the largest message the milliseconds of one. */
async function asked(
  asks: ErlangNode,
  { kind, size }: Workload,
  node: string,
  warm: number,
  { window }: Plan,
): Promise<number> {
  const huge = size === HUGE;
  const perSecond = await asks.run(kind, node, size, warm, window, huge ? GRACE_HUGE : GRACE);
  return huge ? 1_000 / perSecond : perSecond;
}

async function calls(ours: Ours, name: string, lanes: number, plan: Plan, figures: Figures): Promise<void> {
  const phase = { warm: plan.cold, warmCalls: 1, window: plan.turns * plan.window, stallAfter: 3_000 };
  const order: NodeOrder = { tag: 'run', node: ANSWERS, lanes, size: 100, phase };
  const word = await told(ours, order, phase.warm + phase.window + GRACE);
  if (word.tag !== 'ran') return;
  if (word.failed > 0) throw new Error(`${name}: ${word.failed} calls failed, first: ${word.failure}`);
  figures[`espalier to erl/${name}`] = word.perSecond;
}

async function told(ours: Ours, order: NodeOrder, limit: number): Promise<NodeWord> {
  ours.send(order);
  const word = await ours.receive(limit);
  if (word.tag === 'failed') throw new Error(`${OURS}: ${word.reason}`);
  return word;
}
