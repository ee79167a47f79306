/**
 * Where two traces part, as text; and a difference made small.
 */
import type { ChildScript, Op, Script, Trace, TreeScript } from './script.ts';

/** The first line that differs; undefined when none does. */
export function firstDifference(otp: Trace, ours: Trace): number | undefined {
  const length = Math.max(otp.length, ours.length);
  for (let n = 0; n < length; n++) if (otp[n] !== ours[n]) return n;
  return undefined;
}

/** A script, step by step, up to where the traces part. */
export function explain(script: Script, otp: Trace, ours: Trace): string {
  const at = firstDifference(otp, ours);
  if (at === undefined) return 'no difference';
  const begin = script.ops.findIndex(([tag]) => tag !== 'plan');
  const planned = begin < 0 ? script.ops.length : begin;
  const steps = ['start', ...script.ops.slice(planned).map((op) => JSON.stringify(op)), 'stop'];
  const lines = [`seed ${script.seed}, step ${at}`, `tree ${JSON.stringify(script.tree)}`];
  for (const op of script.ops.slice(0, planned)) lines.push(`     ${JSON.stringify(op)}`);
  for (let n = 0; n <= at; n++) {
    lines.push(`${`${n}`.padStart(3)}  ${steps[n] ?? 'stop'}`);
    if (n < at) lines.push(`     both ${ours[n]}`);
    else lines.push(`     OTP  ${otp[n] ?? '(over)'}`, `     ours ${ours[n] ?? '(over)'}`);
  }
  return lines.join('\n');
}

function* smallerTrees(tree: TreeScript): Generator<TreeScript> {
  // what a template makes is not made of nothing
  const dynamic = tree.strategy === 'simpleOneForOne';
  for (const [n, child] of tree.children.entries()) {
    if (!dynamic) yield { ...tree, children: tree.children.toSpliced(n, 1) };
    for (const smaller of smallerChildren(child)) yield { ...tree, children: tree.children.with(n, smaller) };
  }
  if (tree.auto !== undefined) {
    const { auto: _, ...rest } = tree;
    yield { ...rest, children: rest.children.map(({ significant: __, ...child }) => child) };
  }
  if (!dynamic && tree.strategy !== 'oneForOne') yield { ...tree, strategy: 'oneForOne' };
  if (tree.intensity !== 10) yield { ...tree, intensity: 10 };
}

function* smallerChildren(child: ChildScript): Generator<ChildScript> {
  const { tree, stop, shutdown, restart, significant, ...rest } = child;
  if (stop !== undefined && stop !== 'stubborn')
    yield { ...rest, ...given({ tree, shutdown, restart, significant }) };
  if (shutdown !== undefined && stop !== 'stubborn')
    yield { ...rest, ...given({ tree, stop, restart, significant }) };
  if (restart !== undefined && significant === undefined)
    yield { ...rest, ...given({ tree, stop, shutdown }) };
  if (tree !== undefined) {
    for (const smaller of smallerTrees(tree))
      yield { ...rest, ...given({ stop, shutdown, restart, significant }), tree: smaller };
  }
}

type Optional = Omit<ChildScript, 'id'>;

const given = (fields: { readonly [K in keyof Optional]: Optional[K] | undefined }): Optional =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));

function* smallerOps(ops: readonly Op[]): Generator<readonly Op[]> {
  // halves first
  for (let size = ops.length >> 1; size >= 1; size >>= 1)
    for (let at = 0; at + size <= ops.length; at += size) yield ops.toSpliced(at, size);
  for (const [n, op] of ops.entries()) {
    if (op[0] === 'plan' && op[2].length > 1) yield ops.with(n, ['plan', op[1], op[2].slice(0, -1)]);
    if (op[0] !== 'during') continue;
    const [tag, id, reason, outcomes, items] = op;
    for (const at of items.keys()) yield ops.with(n, [tag, id, reason, outcomes, items.toSpliced(at, 1)]);
    if (outcomes.length > 1) yield ops.with(n, [tag, id, reason, outcomes.slice(0, -1), items]);
    yield ops.with(n, ['crash', id, reason]);
  }
}

function candidates(script: Script): readonly Script[] {
  const all: Script[] = [];
  for (const ops of smallerOps(script.ops)) all.push({ ...script, ops });
  for (const tree of smallerTrees(script.tree)) all.push({ ...script, tree });
  return all;
}

/** Rounds of making it smaller; each plays all candidates at once. */
const ROUNDS = 60;

/**
 * A smaller script on which the two still part, as small as taking things away one at a time makes it.
 * @param differs which of the scripts differ
 */
export async function shrink(
  script: Script,
  differs: (scripts: readonly Script[]) => Promise<readonly boolean[]>,
): Promise<Script> {
  let smallest = script;
  for (let round = 0; round < ROUNDS; round++) {
    const tried = candidates(smallest);
    const verdicts = await differs(tried);
    const next = tried.find((_, n) => verdicts[n] === true);
    if (next === undefined) return smallest;
    smallest = next;
  }
  return smallest;
}
