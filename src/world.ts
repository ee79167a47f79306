/**
 * One node or client as a supervised tree: how it is put together, and how it ends.
 */
import { NameScope } from './actor/names.ts';
import { Process } from './actor/process.ts';
import { Runtime } from './actor/runtime.ts';
import { childrenOf } from './actor/tree.ts';
import { createIdentity, type Identity } from './identity/identity.ts';
import { loadIdentity } from './identity/key-file.ts';
import type { ConnectOptions, NodeOptions } from './mesh/client/options.ts';
import { Drain } from './mesh/connection/messages.ts';
import { actor, newCounters, type MeshContext } from './mesh/context.ts';
import { MAX_TIMEOUT } from './mesh/client/check.ts';
import { StartError } from './otp/errors.ts';
import { startSupervisor, type SupervisorRef, type SupervisorSpec } from './otp/supervisor.ts';
import { CloseCode, TransportError, type Transport } from './transport/transport.ts';

/** Defaults of DESIGN §8. */
const MAX_BODY = 1_048_576;
const HELLO_TIMEOUT = 10_000;
/** For our own actors to stop once nothing is in flight. */
const STOP_GRACE = 5_000;

export interface World {
  readonly context: MeshContext;
  readonly root: SupervisorRef;
  /** Resolves with the root's exit reason when the tree is gone, whoever ended it. */
  readonly ended: Promise<unknown>;
}

export function makeContext(role: 'node' | 'client', realm: string, options: NodeOptions | ConnectOptions): MeshContext {
  const runtime =
    options.runtime ?? new Runtime(options.logger === undefined ? {} : { logger: options.logger });
  return {
    role,
    runtime,
    scope: new NameScope(),
    settings: {
      realm,
      names: options.names ?? 'default',
      crashDetails: options.crashDetails === true,
      maxBody: options.maxBody ?? MAX_BODY,
      maxTimeout: MAX_TIMEOUT,
      helloTimeout: options.helloTimeout ?? HELLO_TIMEOUT,
    },
    epoch: runtime.random.bytes(16),
    counters: newCounters(),
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
export async function startWorld(context: MeshContext, label: string, spec: SupervisorSpec): Promise<World> {
  const { runtime } = context;
  let root: SupervisorRef;
  try {
    root = await startSupervisor(runtime, spec, { label });
  } catch (error) {
    throw transportErrorIn(error) ?? error;
  }
  const ended = new Promise<unknown>((resolve) => {
    if (root.pid !== undefined) runtime.onExit(root.pid, resolve);
  });
  return { context, root, ended };
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

/** Lets connections finish what is in flight, then stops the tree in reverse order. */
export async function endWorld(world: World, code: CloseCode, timeout: number): Promise<void> {
  const { context, root } = world;
  const { runtime } = context;
  const connections = actor(context, 'connections');
  if (connections !== undefined) {
    await Promise.all([...childrenOf(connections)].map((connection) => drained(connection, code, timeout)));
  }
  const process = root.pid;
  if (!(process instanceof Process) || !process.alive) return;
  const killer = runtime.clock.setTimer(STOP_GRACE, () => {
    runtime.exit(process, 'kill');
  });
  await root.stop();
  runtime.clock.clear(killer);
  if (runtime.firstChild === null) runtime.timers.clear();
}

function drained(connection: Process, code: CloseCode, timeout: number): Promise<void> {
  const { runtime } = connection;
  return new Promise((resolve) => {
    // the drain itself ends in time; this is for a connection that cannot even do that
    const timer = runtime.clock.setTimer(timeout + 1_000, resolve);
    runtime.onExit(connection, () => {
      runtime.clock.clear(timer);
      resolve();
    });
    runtime.send(connection, new Drain(Math.max(1, timeout), code));
  });
}

