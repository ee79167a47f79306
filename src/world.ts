/**
 * One node or client as a supervised tree: how it is put together, and how it ends.
 */
import { NameScope } from './actor/names.ts';
import { Process } from './actor/process.ts';
import { Runtime } from './actor/runtime.ts';
import { childrenOf } from './actor/tree.ts';
import { createIdentity, type Identity } from './identity/identity.ts';
import { loadIdentity } from './identity/key-file.ts';
import { within, type Behind } from './mesh/client/leaving.ts';
import type { ConnectOptions, NodeOptions } from './mesh/client/options.ts';
import { reasonLimits, valueLimits } from './mesh/call/value-limits.ts';
import { Drain } from './mesh/connection/messages.ts';
import { actor, newCounters, type MeshContext } from './mesh/context.ts';
import { checkSpec, type ChildSpec } from './otp/child-spec.ts';
import { StartError } from './otp/errors.ts';
import { startSupervisor, type SupervisorRef, type SupervisorSpec } from './otp/supervisor.ts';
import { TransportError, type CloseCode, type Transport } from './transport/transport.ts';

/** Defaults of DESIGN §8. */
const MAX_BODY = 1_048_576;
const HELLO_TIMEOUT = 10_000;
/** Milliseconds for our own actors to stop once nothing is in flight; the user's have theirs. */
const STOP_GRACE = 5_000;

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
  const runtime =
    options.runtime ?? new Runtime(options.logger === undefined ? {} : { logger: options.logger });
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
    },
    epoch: runtime.random.bytes(16),
    counters: newCounters(),
    advertised: new Map(),
    calls: new Set(),
    phase: { closing: false, bound: undefined },
  };
}

export async function makeIdentity(context: MeshContext, wanted: NodeOptions['identity']): Promise<Identity> {
  const { random, clock } = context.runtime;
  if (wanted === undefined) return createIdentity(random, clock.wall());
  return 'file' in wanted ? loadIdentity(wanted.file, random, clock.wall()) : wanted;
}

export async function makeTransport(wanted: Transport | undefined): Promise<Transport> {
  if (wanted !== undefined) return wanted;
  const { quicTransport } = await import('./transport/quic/transport.ts');
  return quicTransport();
}

/** Starts the tree. A socket that cannot be bound is thrown as the `TransportError` it is. */
export async function startWorld(
  context: MeshContext,
  label: string,
  spec: SupervisorSpec,
  children: readonly ChildSpec[],
): Promise<World> {
  const { runtime } = context;
  let root: SupervisorRef;
  try {
    root = await startSupervisor(runtime, spec, { label });
  } catch (error) {
    throw transportErrorIn(error) ?? error;
  }
  const ended = new Promise<unknown>((resolve) => {
    if (root.pid === undefined) return;
    runtime.onExit(root.pid, (reason) => {
      context.phase.closing = true;
      resolve(reason);
    });
  });
  return { context, root, ended, children };
}

/** A start fails from the inside out: the reason of the innermost child is what users need. */
function transportErrorIn(error: unknown): TransportError | undefined {
  let reason: unknown = error instanceof StartError ? error.reason : error;
  for (let depth = 0; depth < 16; depth++) {
    if (reason instanceof TransportError) return reason;
    if (typeof reason !== 'object' || reason === null) return undefined;
    const { shutdown, reason: inner } = reason as { shutdown?: unknown; reason?: unknown };
    reason = shutdown ?? inner;
  }
  return undefined;
}

/** What ends with the client that owns this world. */
export function behind(world: World, code: CloseCode): Behind {
  const { context } = world;
  return {
    calls: context.calls,
    begin: () => {
      context.phase.closing = true;
    },
    drain: (timeout) => drain(context, code, timeout),
    end: () => stopWorld(world),
  };
}

/** Tells all connections to finish what is in flight and close, and waits until they have. */
async function drain(context: MeshContext, code: CloseCode, timeout: number): Promise<void> {
  const connections = actor(context, 'connections');
  if (connections === undefined) return;
  const { runtime } = context;
  const all = [...childrenOf(connections)];
  const ends = all.map(
    (connection) =>
      new Promise<unknown>((resolve) => {
        runtime.onExit(connection, resolve);
      }),
  );
  for (const connection of all) runtime.send(connection, new Drain(Math.max(1, timeout), code));
  // each ends its own drain in time; this is for one that cannot even do that
  await within(runtime.clock, timeout + 1_000, Promise.all(ends), undefined);
}

/** Stops the tree in reverse order: the user's own children in their own time, then our part in ours. */
export async function stopWorld(world: World): Promise<void> {
  const { context, root } = world;
  const { runtime } = context;
  context.phase.closing = true;
  const process = root.pid;
  if (!(process instanceof Process) || !process.alive) return;
  await stopApp(world);
  const killer = runtime.clock.setTimer(STOP_GRACE, () => {
    runtime.exit(process, 'kill');
  });
  await root.stop();
  runtime.clock.clear(killer);
}

/**
 * Its children stop one after the other, each within its own `shutdown`. One that hangs in a restart has no such
 * bound: then our grace decides.
 */
async function stopApp({ context, root, children }: World): Promise<void> {
  const { runtime } = context;
  const app = actor(context, 'app');
  if (app === undefined) return;
  // a root that dies meanwhile has stopped it
  const stopped = root.terminateChild('app').catch(() => undefined);
  const own = children.map((spec) => checkSpec(spec).shutdown);
  const limit = own.reduce<number>(
    (sum, shutdown) => sum + (shutdown === 'brutalKill' ? 0 : shutdown),
    STOP_GRACE,
  );
  if (limit === Infinity) await stopped;
  else await within(runtime.clock, limit, stopped, undefined);
  runtime.exit(app, 'kill');
}
