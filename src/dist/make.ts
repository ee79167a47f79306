/**
 * Puts a distribution together: tables, ports, and what its actors are started with. Starts nothing.
 */
import { NameScope } from '../actor/names.ts';
import type { Process } from '../actor/process.ts';
import type { Runtime } from '../actor/runtime.ts';
import { ETF_LIMITS } from '../codec/etf/limits.ts';
import { EventHub } from '../mesh/events/hub.ts';
import { refuse } from '../otp/arguments.ts';
import { ServerRef } from '../otp/server-ref.ts';
import type { Carrier, Listening } from './carrier.ts';
import { wrongCookie } from './check-options.ts';
import { ClusterMemory, type ClusterArgs } from './cluster/cluster.ts';
import type { ClusterSource } from './cluster/source.ts';
import type { DistContext, DistSettings } from './context.ts';
import { Distribution } from './distribution.ts';
import { DistEvents } from './events.ts';
import { Exports } from './exports.ts';
import type { GroupsArgs } from './groups/groups-sync.ts';
import { IdentityTable } from './identity-table.ts';
import { Arrived, NET_KERNEL, Wanted, type NetKernelCalls } from './kernel/net-kernel.ts';
import { Outgoing } from './kernel/outgoing.ts';
import type { DistSetup } from './options.ts';
import { Roots } from './roots.ts';

/** What the drawing in `supervisors/dist.ts` is filled in with. */
export interface DistParts {
  readonly context: DistContext;
  readonly carriers: readonly Carrier[];
  readonly outgoing: Outgoing;
  /** Scopes of process groups that are shared. */
  readonly groups: readonly GroupsArgs[];
  readonly listening: Listening;
  /** Where the net kernel is found. */
  readonly scope: NameScope;
  /** Undefined: nodes are connected when something is sent to them. */
  readonly cluster: ClusterArgs | undefined;
}

export interface DistMaking extends DistSetup {
  readonly runtime: Runtime;
  /** Asked when the first actor of the distribution has started, and not before. */
  readonly name: () => string;
  readonly carriers: readonly Carrier[];
  /** What is below it is the user's own, though it is in the tree of the node. */
  readonly app?: () => Process | undefined;
  /** Nodes to be connected to all the time. Default: none. */
  readonly source?: ClusterSource | undefined;
  /** Default: one of its own. */
  readonly log?: EventHub;
  readonly end: () => Promise<void>;
}

export interface Made {
  readonly distribution: Distribution;
  readonly parts: DistParts;
  /** Its actors have ended, or never started: nobody is reached any more. */
  over(): void;
}

const MIB = 1_048_576;
/** No key hashes to it. */
const NOBODY = new Uint8Array(32);

/** @throws TypeError when the runtime has a distribution. */
export function makeDistribution(making: DistMaking): Made {
  const { runtime, carriers, source } = making;
  if (runtime.remote !== undefined)
    throw new TypeError('this runtime has a distribution: one node, one runtime');
  const memory = new ClusterMemory();
  const context = contextOf(making, memory);
  const scope = new NameScope();
  const toKernel = (message: unknown): boolean => {
    const kernel = scope.whereis(NET_KERNEL);
    return kernel !== undefined && runtime.send(kernel as Process, message);
  };
  const outgoing = new Outgoing(context, (node) => {
    if (!toKernel(new Wanted(node))) outgoing.fail(node);
  });
  const listening: Listening = {
    get name() {
      return context.name;
    },
    cookie: (node) => context.cookie(node),
    keyOf: (node) => context.keyOf(node),
    accept: (incoming) => {
      if (!toKernel(new Arrived(incoming))) incoming.refuse();
    },
  };
  runtime.remote = outgoing;
  const kernel = new ServerRef<NetKernelCalls>(runtime, { scope, name: NET_KERNEL });
  return {
    distribution: new Distribution(context, carriers, outgoing, kernel, making.end),
    parts: {
      context,
      carriers,
      outgoing,
      listening,
      scope,
      groups: groupsOf(context, making),
      cluster: source === undefined ? undefined : { context, source, memory, kernel },
    },
    over: () => {
      if (runtime.remote === outgoing) runtime.remote = undefined;
      // a net kernel that was killed, and had no successor, has told nobody
      outgoing.failAll();
      context.identities.clear();
    },
  };
}

function contextOf(making: DistMaking, { claims }: ClusterMemory): DistContext {
  const { runtime, cookie, allowed, keys, app = () => undefined } = making;
  // 0 to 3 mean something else to Erlang
  const creation = 4 + (runtime.random.u32() % 0xffff_fff0);
  let name: string | undefined;
  const local = {
    get name(): string {
      return (name ??= making.name());
    },
    creation,
  };
  const roots = new Roots(app);
  const isPrivate = (process: Process): boolean => roots.isPrivate(process);
  const keyOf =
    typeof keys === 'function'
      ? keys
      : (node: string) => (keys !== undefined && Object.hasOwn(keys, node) ? keys[node] : undefined);
  const isAllowed: (node: string) => unknown =
    typeof allowed === 'function' ? allowed : (node) => allowed?.includes(node);
  /** What a program says of a node; where it throws the node is refused. */
  const say = <Said>(ask: () => Said, refused: Said): Said => {
    try {
      return ask();
    } catch (error) {
      runtime.defect(error);
      return refused;
    }
  };
  return {
    runtime,
    get name() {
      return local.name;
    },
    creation,
    cookie:
      typeof cookie === 'string' ? () => cookie : (node) => say(() => checkedCookie(cookie(node)), undefined),
    // whatever else it says, a promise among that, allows nobody
    allowed: allowed === undefined ? undefined : (node) => say(() => isAllowed(node), false) === true,
    keyOf: (node) => {
      // nobody has no key
      const hex = say<unknown>(() => keyOf(node), '');
      // what the user says is above what records say
      return hex === undefined ? claims.keyOf(node) : keyIn(hex);
    },
    settings: settingsOf(making),
    identities: new IdentityTable(local, isPrivate),
    exports: new Exports(making.functions ?? {}, isPrivate, runtime.names, making.exports ?? []),
    events: new DistEvents((error) => runtime.defect(error)),
    log: making.log ?? new EventHub(runtime),
    channels: new Map(),
    roots,
  };
}

/** What cannot be a cookie is none. */
function checkedCookie(cookie: string | undefined): string | undefined {
  if (cookie !== undefined) refuse(wrongCookie(cookie));
  return cookie;
}

const groupsOf = (context: DistContext, { groups = {} }: DistSetup): readonly GroupsArgs[] =>
  Object.entries(groups).map(([scope, shared]) => ({ context, scope, groups: shared, sync: undefined }));

/** 32 bytes; where the id is none, those of nobody. */
const keyIn = (id: unknown): Uint8Array =>
  typeof id === 'string' && /^[0-9a-f]{64}$/i.test(id) ? Buffer.from(id, 'hex') : NOBODY;

const settingsOf = (setup: DistSetup): DistSettings => ({
  tickTime: setup.tickTime ?? 60_000,
  setupTime: setup.setupTime ?? 7_000,
  packet: setup.maxPacket ?? 16 * MIB,
  busy: setup.busyLimit ?? 8 * MIB,
  terms: ETF_LIMITS,
});
