/**
 * The story of the demo: seven steps among a node, a provider and a caller. It knows members, not processes.
 */
import type { TreeSnapshot } from '../../inspect/snapshot.ts';
import type { CallOrder, CallReport, Member } from './orders.ts';

export interface Cast {
  readonly node: Member;
  readonly provider: Member;
  readonly caller: Member;
}

export interface Step extends CallReport {
  readonly name: string;
  readonly procedure: string;
}

export interface Told {
  readonly steps: Step[];
  /** The provider's tree before and after its handler crashed. */
  readonly tree: { before: TreeSnapshot | null; after: TreeSnapshot | null };
}

/** Who hears the story while it is told. */
export interface Audience {
  onStep(step: Step): void;
  onTree(moment: 'before' | 'after', tree: TreeSnapshot): void;
}

interface Plan extends CallOrder {
  readonly name: string;
  readonly by: 'provider' | 'caller';
  /** `ok` or an error's tag. */
  readonly expected: string;
  /** The provider's tree is shown before this step. */
  readonly tree?: 'before' | 'after';
}

const PATIENCE = 5_000;
/** Long enough to be sent, short enough not to bore. Milliseconds. */
const SHORT = 300;

export const PLAN: readonly Plan[] = [
  {
    name: 'local',
    by: 'provider',
    procedure: 'calculator.compute',
    args: { operation: 'multiply', a: 6, b: 7 },
    timeout: PATIENCE,
    expected: 'ok',
  },
  {
    name: 'remote',
    by: 'caller',
    procedure: 'calculator.compute',
    args: { operation: 'multiply', a: 6, b: 7 },
    timeout: PATIENCE,
    expected: 'ok',
  },
  {
    name: 'handler_error',
    by: 'caller',
    procedure: 'calculator.compute',
    args: { operation: 'divide', a: 1, b: 0 },
    timeout: PATIENCE,
    expected: 'handler_error',
  },
  {
    name: 'handler_crash',
    by: 'caller',
    procedure: 'demo.fragile',
    args: { careful: false },
    timeout: PATIENCE,
    expected: 'handler_crash',
    tree: 'before',
  },
  {
    name: 'after_crash',
    by: 'caller',
    procedure: 'demo.fragile',
    args: { careful: true },
    timeout: PATIENCE,
    expected: 'ok',
  },
  {
    name: 'timeout',
    by: 'caller',
    procedure: 'demo.forever',
    args: {},
    timeout: SHORT,
    expected: 'timeout',
    tree: 'after',
  },
  {
    name: 'shutdown',
    by: 'caller',
    procedure: 'demo.finish',
    args: {},
    timeout: PATIENCE,
    expected: 'ok',
  },
];

export const newTale = (): Told => ({ steps: [], tree: { before: null, after: null } });

/** Whether every step was told and ended as it should. */
export const asExpected = ({ steps }: Told): boolean =>
  steps.length === PLAN.length &&
  PLAN.every(({ name, expected }, index) => steps[index]?.name === name && steps[index].outcome === expected);

/** Tells the story into `told`; what is told stays there when a member fails. */
export async function tell(cast: Cast, told: Told, audience: Audience): Promise<void> {
  for (const { name, by, procedure, args, timeout, tree } of PLAN) {
    if (tree !== undefined) {
      const snapshot = await cast.provider.order('tree', undefined);
      told.tree[tree] = snapshot;
      audience.onTree(tree, snapshot);
    }
    const call = cast[by].order('call', { procedure, args, timeout });
    // the provider leaves while this call runs: it is finished, not cut off
    const leaving = name === 'shutdown' ? cast.provider.order('leave', { during: procedure }) : null;
    const [report] = await Promise.all([call, leaving]);
    const step = { name, procedure, ...report };
    told.steps.push(step);
    audience.onStep(step);
  }
}

/** Puts the members in their places; gives the node's url. */
export async function assemble(cast: Cast): Promise<string> {
  const { url } = await cast.node.order('listen', undefined);
  await Promise.all([
    cast.provider.order('connect', { url }).then(() => cast.provider.order('serve', undefined)),
    cast.caller.order('connect', { url }),
  ]);
  return url;
}
