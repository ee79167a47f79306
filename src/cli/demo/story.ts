/**
 * The story of the demo, told among six nodes. It knows members, not processes.
 *
 * `first` is whom the others begin with, and a station; `provider` serves; `caller` calls; `edge` takes no part in the DHT;
 * `lonely` does, but whom it should begin with does not exist; `hidden` tells nobody where it is but the station.
 */
import type { TreeSnapshot } from '../../inspect/snapshot.ts';
import type { Route } from '../../mesh/errors/rpc-error.ts';
import { COUNTER } from './across.ts';
import type { CallOrder, CallReport, Member } from './orders.ts';

export const ROLES = ['first', 'provider', 'caller', 'edge', 'lonely', 'hidden'] as const;
export type Role = (typeof ROLES)[number];
export type Cast = Readonly<Record<Role, Member>>;

/** Where the members are, once they have their places. */
export type Places = Readonly<
  Record<Role, { readonly url: string; readonly id: string; readonly name: string }>
>;

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

/** How its provider was found, or that it went from node to node as a message between actors does. */
type Way = Route | 'dist';

export interface Plan extends Pick<CallOrder, 'procedure' | 'args' | 'idempotent'> {
  readonly name: string;
  readonly by: Role;
  /** Milliseconds; default `PATIENCE`. */
  readonly timeout?: number;
  /** Where the provider is found. */
  readonly route: Way;
  /** `ok` or an error's tag. */
  readonly expected: string;
  /** The only one that may serve it. */
  readonly at?: Role;
  /** The provider's tree is shown before this step. */
  readonly tree?: 'before' | 'after';
  /** No procedure: an actor of the provider, or a real Erlang, which the caller starts. */
  readonly across?: 'node' | 'erlang' | 'tunnel';
  /** Packets went through the station from the first one on; or a direct path was won before this step. */
  readonly path?: 'first' | 'direct';
}

/** Milliseconds; the longest step takes a second. */
const PATIENCE = 5_000;
/** Long enough to be sent, short enough not to bore. Milliseconds. */
const SHORT = 500;
/** The same for a call whose provider is killed while it runs: it waits beside one that fails over. Milliseconds. */
const WHILE_FAILING = 1_000;

const PRODUCT = { operation: 'multiply', a: 6, b: 7 };
const COMPUTE = 'calculator.compute';
const FETCH = 'demo.fetch';
const HIDDEN = 'demo.hidden';

const ALL: readonly Plan[] = [
  { name: 'local', by: 'provider', procedure: COMPUTE, args: PRODUCT, route: 'local', expected: 'ok' },
  {
    name: 'remote',
    by: 'caller',
    procedure: COMPUTE,
    args: PRODUCT,
    at: 'provider',
    route: 'direct',
    expected: 'ok',
  },
  { name: 'dht', by: 'caller', procedure: COMPUTE, args: PRODUCT, route: 'dht', expected: 'ok' },
  { name: 'cache', by: 'caller', procedure: COMPUTE, args: PRODUCT, route: 'cache', expected: 'ok' },
  { name: 'direct', by: 'edge', procedure: COMPUTE, args: PRODUCT, route: 'direct', expected: 'ok' },
  { name: 'degraded', by: 'lonely', procedure: 'demo.neighbor', args: {}, route: 'direct', expected: 'ok' },
  {
    name: 'relayed',
    by: 'edge',
    procedure: HIDDEN,
    args: {},
    at: 'hidden',
    path: 'first',
    route: 'direct',
    expected: 'ok',
  },
  {
    name: 'upgraded',
    by: 'edge',
    procedure: HIDDEN,
    args: {},
    at: 'hidden',
    path: 'direct',
    route: 'direct',
    expected: 'ok',
  },
  {
    name: 'remote_pid',
    by: 'caller',
    procedure: COUNTER,
    args: {},
    across: 'node',
    route: 'dist',
    expected: 'ok',
  },
  {
    name: 'tunnel',
    by: 'caller',
    procedure: COUNTER,
    args: {},
    across: 'tunnel',
    route: 'dist',
    expected: 'ok',
  },
  {
    name: 'erlang',
    by: 'caller',
    procedure: 'erl',
    args: {},
    across: 'erlang',
    route: 'dist',
    expected: 'ok',
  },
  {
    name: 'handler_error',
    by: 'caller',
    procedure: COMPUTE,
    args: { operation: 'divide', a: 1, b: 0 },
    route: 'cache',
    expected: 'handler_error',
  },
  {
    name: 'handler_crash',
    by: 'caller',
    procedure: 'demo.fragile',
    args: { careful: false },
    route: 'dht',
    expected: 'handler_crash',
    tree: 'before',
  },
  {
    name: 'after_crash',
    by: 'caller',
    procedure: 'demo.fragile',
    args: { careful: true },
    route: 'cache',
    expected: 'ok',
  },
  {
    name: 'timeout',
    by: 'caller',
    procedure: 'demo.forever',
    args: {},
    timeout: SHORT,
    route: 'dht',
    expected: 'timeout',
    tree: 'after',
  },
  {
    name: 'failover',
    by: 'caller',
    procedure: FETCH,
    args: {},
    idempotent: true,
    route: 'dht',
    expected: 'ok',
  },
  {
    name: 'provider_lost',
    by: 'caller',
    procedure: FETCH,
    args: {},
    timeout: WHILE_FAILING,
    route: 'cache',
    expected: 'timeout',
  },
  { name: 'shutdown', by: 'caller', procedure: 'demo.finish', args: {}, route: 'dht', expected: 'ok' },
];

/** What is told; the step with Erlang only where there is one. */
export const planFor = (erlang: boolean): readonly Plan[] =>
  ALL.filter(({ across }) => erlang || across !== 'erlang');

/** What the provider serves. */
const SERVED = [COMPUTE, 'demo.fragile', 'demo.forever', FETCH, 'demo.finish'];

export const newTale = (): Told => ({ steps: [], tree: { before: null, after: null } });

/** Whether every step was told and ended as it should. */
export const asExpected = ({ steps }: Told, plans: readonly Plan[]): boolean =>
  steps.length === plans.length &&
  plans.every(({ name, route, expected, path }, index) => {
    const step = steps[index];
    const found = step?.name === name && step.outcome === expected && step.route === route;
    return found && (path === undefined || (step.way?.path === 'relayed') === (path === 'first'));
  });

/** Tells the story into `told`; what is told stays there when a member fails. */
export async function tell(
  cast: Cast,
  places: Places,
  told: Told,
  audience: Audience,
  plans: readonly Plan[],
): Promise<void> {
  const record = (plan: Plan, report: CallReport): void => {
    const step = { name: plan.name, procedure: plan.procedure, ...report };
    told.steps.push(step);
    audience.onStep(step);
  };
  for (const plan of plans) {
    const { name, procedure, tree } = plan;
    if (tree !== undefined) {
      const snapshot = await cast.provider.order('tree', undefined);
      told.tree[tree] = snapshot;
      audience.onTree(tree, snapshot);
    }
    // told together with `failover`
    if (name === 'provider_lost') continue;
    if (name === 'failover') {
      const both = plans.filter((one) => one.procedure === procedure);
      const reports = await killedWhile(cast, places, both);
      both.forEach((one, index) => record(one, reports[index] as CallReport));
      continue;
    }
    const call = plan.across === undefined ? callBy(cast, places, plan) : acrossBy(cast, places, plan);
    // the provider leaves while this call runs: it is finished, not cut off
    const leaving = name === 'shutdown' ? cast.provider.order('leave', { during: procedure }) : null;
    const [report] = await Promise.all([call, leaving]);
    record(plan, report);
  }
}

/** Both calls run at `first` when it is killed: the one that may run twice is answered by the other provider. */
async function killedWhile(
  cast: Cast,
  places: Places,
  plans: readonly Plan[],
): Promise<readonly CallReport[]> {
  const calls: Promise<CallReport>[] = [];
  for (const plan of plans) {
    calls.push(callBy(cast, places, plan, places.first.id));
    const running = cast.first.order('running', { procedure: FETCH, calls: calls.length });
    // a call that is over already went wrong: its step will say so
    await Promise.race([running, ...calls]);
  }
  await cast.first.kill();
  return Promise.all(calls);
}

function callBy(cast: Cast, places: Places, plan: Plan, prefer?: string): Promise<CallReport> {
  const { by, procedure, args, timeout = PATIENCE, idempotent, at, path } = plan;
  return cast[by].order('call', {
    procedure,
    args,
    timeout,
    ...(idempotent === undefined ? {} : { idempotent }),
    ...(at === undefined ? {} : { target: places[at].id }),
    ...(prefer === undefined ? {} : { prefer }),
    ...(path === undefined ? {} : { path }),
  });
}

const acrossBy = (cast: Cast, { provider }: Places, { by, across }: Plan): Promise<CallReport> =>
  cast[by].order(
    'across',
    across === 'erlang' || across === 'tunnel' ? { to: across } : { to: 'node', name: provider.name },
  );

/** Puts the members in their places, and has them serve. `nowhere`: a node's URL at which there is none. `cookie`: of provider and caller. */
export async function assemble(cast: Cast, nowhere: string, cookie: string): Promise<Places> {
  const first = await cast.first.order('listen', { station: true });
  const bootstrap = [first.url];
  const attached = { dht: false, stations: bootstrap };
  const [provider, caller, edge, lonely, hidden] = await Promise.all([
    cast.provider.order('listen', { bootstrap, cookie }),
    cast.caller.order('listen', { bootstrap, cookie }),
    cast.edge.order('listen', { bootstrap, ...attached }),
    cast.lonely.order('listen', { bootstrap: [nowhere] }),
    cast.hidden.order('listen', attached),
  ]);
  await Promise.all([cast.provider.order('join', undefined), cast.caller.order('join', undefined)]);
  await Promise.all([
    cast.provider.order('serve', { procedures: SERVED }),
    cast.first.order('serve', { procedures: [FETCH], stuck: true }),
    cast.edge.order('serve', { procedures: ['demo.neighbor'] }),
    cast.lonely.order('greet', { url: edge.url }),
    cast.hidden.order('serve', { procedures: [HIDDEN] }),
    cast.hidden.order('attached', { id: first.id }),
    cast.edge.order('attached', { id: first.id }),
  ]);
  return { first, provider, caller, edge, lonely, hidden };
}

/** What stays when the story is told: whom to call, and the page of the one that answers. */
export interface ToTry {
  readonly url: string;
  readonly page: string;
}

/** Another provider in the place of the one that has left: the caller finds it, and it can be looked at. */
export async function succeed(cast: Cast, places: Places, successor: Member): Promise<ToTry> {
  const { url } = places.caller;
  const { page } = await successor.order('listen', { bootstrap: [url], inspector: true });
  await successor.order('join', undefined);
  await successor.order('serve', { procedures: [COMPUTE] });
  const order = { procedure: COMPUTE, args: PRODUCT, timeout: PATIENCE, forceRefresh: true };
  const { outcome } = await cast.caller.order('call', order);
  if (outcome !== 'ok') throw new Error(`the second provider is not found: ${outcome}`);
  return { url, page };
}
