/**
 * One node or client as a supervised tree: how it is put together, and how it ends.
 */
import { NameScope } from './actor/names.ts';
import { Process, Status } from './actor/process.ts';
import { systemClock } from './actor/clock.ts';
import { fromLevel, ndjsonLogger } from './actor/logger.ts';
import { Runtime, type RuntimeOptions } from './actor/runtime.ts';
import { childrenOf } from './actor/tree.ts';
import { createIdentity, type Identity } from './identity/identity.ts';
import { loadIdentity } from './identity/key-file.ts';
import type { Haste } from './mesh/client/haste.ts';
import type { Behind } from './mesh/client/leaving.ts';
import type { Patience } from './mesh/client/patience.ts';
import { within } from './mesh/client/within.ts';
import type { ConnectOptions, NodeOptions } from './mesh/client/options.ts';
import { reasonLimits, valueLimits } from './mesh/call/value-limits.ts';
import { Drain } from './mesh/connection/messages.ts';
import { actor, newCounters, type MeshContext, type StationSettings } from './mesh/context.ts';
import { newDhtLife } from './mesh/dht/dht-life.ts';
import { RecordStore } from './mesh/dht/record-store.ts';
import { RELAY_LIMITS, RelaySessions } from './mesh/relay/relay-sessions.ts';
import { Relays } from './mesh/relay/relays.ts';
import { DiscoveryMemory } from './mesh/registry/discovery-memory.ts';
import { CrashRing } from './mesh/events/crash-ring.ts';
import { EventHub } from './mesh/events/hub.ts';
import { Recent } from './mesh/events/recent.ts';
import { RpcError } from './mesh/errors/rpc-error.ts';
import { checkMembership, closedRealm } from './mesh/identity/closed-realm.ts';
import { poolSettings } from './mesh/peer/pool-table.ts';
import { interestsOf, mergeInterests } from './mesh/registry/interests.ts';
import { Standings } from './mesh/peer/standings.ts';
import { Routing } from './mesh/router/routing.ts';
import type { AdvertiserCalls } from './mesh/registry/advertiser.ts';
import { InspectorError } from './inspect/inspector-error.ts';
import { CarrierError } from './dist/carrier-error.ts';
import { checkSpec, type ChildSpec } from './otp/child-spec.ts';
import { causeOfStart, StartError } from './otp/errors.ts';
import { ServerRef } from './otp/server-ref.ts';
import { killTree } from './otp/stop.ts';
import { startSupervisor, type SupervisorRef, type SupervisorSpec } from './otp/supervisor.ts';
import { TransportError, type CloseCode, type Transport } from './transport/transport.ts';

/** Defaults of DESIGN §8. */
const MAX_BODY = 1_048_576;
const HELLO_TIMEOUT = 10_000;
/** Milliseconds for our own actors to stop once nothing is in flight; the user's have theirs. */
const STOP_GRACE = 5_000;
/** And what either has at least, however little is left of the time a user gave. */
const STOP_LEAST = 1_000;
/** Milliseconds for the mesh to hear that nothing is served here any more; what it misses ends by itself. */
const RETRACT_GRACE = 1_000;
/** Milliseconds for a connection that does not even end its own drain. */
const DRAIN_GRACE = 1_000;
/** The root's name in the scope of its tree. */
const ROOT = 'root';

export interface World {
  readonly context: MeshContext;
  readonly root: SupervisorRef;
  /** Resolves with the root's exit reason when the tree is gone, whoever ended it. */
  readonly ended: Promise<unknown>;
  /** The user's own. */
  readonly children: readonly ChildSpec[];
}

export function makeContext(
  role: 'node' | 'client',
  realm: string,
  options: NodeOptions | ConnectOptions,
): MeshContext {
  const runtime = options.runtime ?? new Runtime(runtimeOptions(options));
  const maxBody = options.maxBody ?? MAX_BODY;
  return {
    role,
    runtime,
    scope: new NameScope(),
    settings: {
      realm,
      names: options.names ?? 'default',
      crashDetails: options.crashDetails === true,
      maxBody,
      valueLimits: valueLimits(maxBody),
      reasonLimits: reasonLimits(maxBody),
      helloTimeout: options.helloTimeout ?? HELLO_TIMEOUT,
      closed: closedRealm(realm, options),
      announce: (options as NodeOptions).announce ?? [],
      dht: role === 'node' && (options as NodeOptions).dht !== false,
      pool: poolSettings((options as NodeOptions).pool),
      station: role === 'node' ? stationSettings(options as NodeOptions) : undefined,
      stations: (options as NodeOptions).stations ?? [],
    },
    epoch: runtime.random.bytes(16),
    counters: newCounters(),
    advertised: new Map(),
    dht: newDhtLife(),
    records: new RecordStore(),
    discovery: new DiscoveryMemory(mergeInterests([], interestsOf(options.serviceInterests))),
    standings: new Standings(),
    relays: relaysOf(role, options as NodeOptions, runtime.clock.now()),
    routing: new Routing(options as NodeOptions, runtime.clock.now()),
    calls: new Set(),
    phase: { closing: false, bound: undefined, refusal: undefined },
    events: new EventHub(runtime),
    tracer: undefined,
    crashes: new CrashRing(runtime.crashDetails),
    recent: new Recent(),
  };
}

function relaysOf(role: 'node' | 'client', { station = false }: NodeOptions, now: number): Relays {
  const passes = role === 'node' && station !== false;
  return new Relays(passes ? new RelaySessions(RELAY_LIMITS, now) : undefined);
}

function stationSettings({ station = false }: NodeOptions): StationSettings | undefined {
  if (station === false) return undefined;
  return { peers: station === true ? [] : (station.peers ?? []) };
}

/** What a runtime of its own is told. */
function runtimeOptions({ logger, logLevel, crashDetails = false }: NodeOptions): RuntimeOptions {
  const own = logger ?? ndjsonLogger(systemClock, logLevel);
  return {
    logger: logger !== undefined && logLevel !== undefined ? fromLevel(logger, logLevel) : own,
    crashDetails: crashDetails !== false,
  };
}

export async function makeIdentity(context: MeshContext, wanted: NodeOptions['identity']): Promise<Identity> {
  const { random, clock } = context.runtime;
  const now = clock.wall();
  const identity =
    wanted === undefined
      ? createIdentity(random, now)
      : 'file' in wanted
        ? loadIdentity(wanted.file, random, now)
        : wanted;
  checkMembership(context.settings.closed, identity.nodeId, now);
  return identity;
}

export async function makeTransport(wanted: Transport | undefined): Promise<Transport> {
  if (wanted !== undefined) return wanted;
  const { quicTransport } = await import('./transport/quic/transport.ts');
  return quicTransport();
}

/**
 * Starts the tree. A socket that cannot be bound is thrown as the `TransportError` it is. When patience ends
 * before all is up, what has started stops in good order, and nothing is left.
 */
export async function startWorld(
  context: MeshContext,
  label: string,
  spec: SupervisorSpec,
  children: readonly ChildSpec[],
  patience: Patience,
): Promise<World> {
  const { runtime, scope } = context;
  patience.check();
  const givenUp = new AbortController();
  const starting = startSupervisor(runtime, spec, { label, name: ROOT, scope, signal: givenUp.signal });
  let root: SupervisorRef;
  try {
    root = await patience.wait(starting);
  } catch (error) {
    if (patience.over === undefined) throw typedErrorIn(error) ?? error;
    context.phase.closing = true;
    const process = scope.whereis(ROOT) as Process | undefined;
    const hanging = process === undefined ? '' : whatHangs(process);
    givenUp.abort();
    const ended = starting.catch(() => undefined);
    await within(runtime, STOP_LEAST, ended, () => undefined);
    if (process?.alive === true) killTree(process);
    throw stillStarting(error, hanging);
  }
  const ended = new Promise<unknown>((resolve) => {
    if (root.pid === undefined) return;
    runtime.onExit(root.pid, (reason) => {
      context.phase.closing = true;
      context.events.stopped(reason);
      resolve(reason);
    });
  });
  return { context, root, ended, children };
}

/** A socket that cannot be bound, a name that is taken: what users need to know, as it is. */
function typedErrorIn(error: unknown): TransportError | CarrierError | InspectorError | undefined {
  const cause = causeOfStart(error);
  const typed =
    cause instanceof TransportError || cause instanceof CarrierError || cause instanceof InspectorError;
  return typed ? cause : undefined;
}

/** The way down to what has not ended its start. */
function whatHangs(root: Process): string {
  const path: string[] = [];
  for (let at: Process | undefined = root; at !== undefined;) {
    path.push(at.info?.id ?? at.label);
    at = [...childrenOf(at)].find(({ status }) => status === Status.starting);
  }
  return path.join('/');
}

function stillStarting(error: unknown, hanging: string): unknown {
  if (!(error instanceof RpcError) || error.failure.tag !== 'timeout' || hanging === '') return error;
  const cause = new StartError(hanging, 'it has not ended its start');
  return new RpcError(error.failure, undefined, { cause });
}

/** What ends with the client that owns this world. */
export function behind(world: World, code: CloseCode): Behind {
  const { context } = world;
  return {
    calls: context.calls,
    begin: () => {
      context.phase.closing = true;
      context.events.draining(context.calls.size);
    },
    retract: (haste) => retract(context, haste),
    drain: (haste) => drain(context, code, haste),
    end: (haste) => {
      context.events.drained();
      return stopWorld(world, haste);
    },
  };
}

/** The mesh hears that nothing is served here any more: then nobody waits for a node that is gone. */
async function retract(context: MeshContext, haste: Haste): Promise<void> {
  const { runtime, scope } = context;
  if (scope.whereis('advertiser') === undefined) return;
  const advertiser = new ServerRef<AdvertiserCalls>(runtime, { scope, name: 'advertiser' });
  const over = haste.now + RETRACT_GRACE;
  const told = advertiser.call('retract', undefined, { timeout: RETRACT_GRACE }).catch(() => undefined);
  await haste.wait(told, undefined, () => Math.min(haste.left, over - haste.now));
}

/** Tells all connections to finish what is in flight and close, and waits until they have. */
async function drain(context: MeshContext, code: CloseCode, haste: Haste): Promise<void> {
  const connections = actor(context, 'connections');
  if (connections === undefined) return;
  const { runtime } = context;
  const told = haste.deadline;
  const all = [...childrenOf(connections)];
  const ends = all.map(
    (connection) =>
      new Promise<unknown>((resolve) => {
        runtime.onExit(connection, resolve);
      }),
  );
  for (const connection of all) runtime.send(connection, new Drain(Math.max(1, haste.left), code));
  // each ends its own drain in time, the time it was told: when there is less now, nobody waits for that
  await haste.wait(Promise.all(ends), undefined, () =>
    haste.hurried || haste.deadline < told ? haste.left : told + DRAIN_GRACE - haste.now,
  );
}

/**
 * Stops the tree in reverse order: the user's own children in their own time, then our part in ours. With a time that
 * was said neither may take longer than that, or than a second, whichever is more: then it is killed, whatever its
 * `shutdown` says. Who is in a hurry does not wait for the user's.
 */
export async function stopWorld(world: World, haste: Haste): Promise<void> {
  const { context, root } = world;
  context.phase.closing = true;
  const process = root.pid;
  if (!(process instanceof Process) || !process.alive) return;
  await stopApp(world, haste);
  const stopping = root.stop();
  await haste.wait(stopping, undefined, atMost(STOP_GRACE, haste));
  if (process.alive) killTree(process);
  await stopping;
}

/** What is left of `grace` ms from now on, or of the time that was said if that is less; of that a second at least. */
function atMost(grace: number, haste: Haste): () => number {
  const begun = haste.now;
  return () => Math.min(begun + grace, Math.max(begun + STOP_LEAST, haste.now + haste.own)) - haste.now;
}

/**
 * Its children stop one after the other, each within its own `shutdown`. One that hangs in a restart has no such
 * bound: then our grace decides.
 */
async function stopApp({ context, root, children }: World, haste: Haste): Promise<void> {
  const app = actor(context, 'app');
  if (app === undefined) return;
  // a root that dies meanwhile has stopped it
  const stopped = root.terminateChild('app').catch(() => undefined);
  const own = children.map((spec) => checkSpec(spec).shutdown);
  const grace = own.reduce<number>(
    (sum, shutdown) => sum + (shutdown === 'brutalKill' ? 0 : shutdown),
    STOP_GRACE,
  );
  const left = atMost(grace, haste);
  await haste.wait(stopped, undefined, () => (haste.hurried ? 0 : left()));
  if (app.alive) killTree(app);
}
