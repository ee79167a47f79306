/**
 * Asks a node about itself for a command: connects, asks, leaves. Throws `RpcError`.
 */
import { systemClock } from '../actor/clock.ts';
import type { Value, ValueMap } from '../codec/value.ts';
import { RpcError } from '../mesh/errors/rpc-error.ts';
import type { Interrupts } from './interrupts.ts';
import { settingsOf, type CommonFlags } from './options.ts';

export interface AskFlags extends CommonFlags {
  /** Milliseconds for everything. */
  readonly timeout: number;
  readonly nodeId?: string;
}

/** For the goodbye: nothing of ours is in flight any more. Milliseconds. */
const GOODBYE = 1_000;

/** Asks a running node as its client. `procedure` is one of the node's own, as `_mesh.peers`. */
export async function askAt(
  url: string,
  procedure: string,
  args: ValueMap,
  flags: AskFlags,
  { signal }: Interrupts,
): Promise<Value> {
  const { connect } = await import('../node.ts');
  const deadline = systemClock.now() + flags.timeout;
  const client = await connect(url, {
    ...settingsOf(flags),
    timeout: flags.timeout,
    signal,
    ...(flags.nodeId === undefined ? {} : { nodeId: flags.nodeId }),
  });
  try {
    return await ask(client, procedure, args, deadline, signal);
  } finally {
    await client.disconnect({ timeout: GOODBYE });
  }
}

/** Starts a node that joins by `bootstrap`, asks it, and ends it. */
export async function askAmong(
  bootstrap: readonly string[],
  procedure: string,
  args: ValueMap,
  flags: AskFlags,
  { signal }: Interrupts,
): Promise<Value> {
  const { startNode } = await import('../node.ts');
  const deadline = systemClock.now() + flags.timeout;
  const listen = await listenFor(bootstrap[0] ?? '', flags.realm);
  const { timeout } = flags;
  const node = await startNode({ ...settingsOf(flags), listen, bootstrap, timeout, signal });
  try {
    await node.ready({ timeout: left(deadline), signal });
    return await ask(node, procedure, args, deadline, signal);
  } finally {
    await node.close({ timeout: GOODBYE });
  }
}

/** A free port from which that node can be dialed. */
export async function listenFor(url: string, realm: string | undefined): Promise<string> {
  const { connectTarget, isLoopbackHost } = await import('../mesh/url.ts');
  const target = connectTarget(url, realm);
  // what is wrong with it, the start says
  const host = target.ok ? target.target.host : '127.0.0.1';
  if (isLoopbackHost(host)) return host.startsWith('[') ? '[::1]:0' : '127.0.0.1:0';
  return host.startsWith('[') ? '[::]:0' : '0.0.0.0:0';
}

async function ask(
  client: object,
  procedure: string,
  args: ValueMap,
  deadline: number,
  signal: AbortSignal,
): Promise<Value> {
  const { MeshClient } = await import('../mesh/client/mesh-client.ts');
  if (!(client instanceof MeshClient)) throw new Error('neither a node nor a client');
  const result = await client.askNode(procedure, args, { timeout: left(deadline), signal });
  if (result.ok) return result.value as Value;
  // whoever typed the command knows of no such procedure
  throw new RpcError(result.error.failure);
}

/** Whatever was answered, it is not what was asked for. */
export const strange = (): RpcError =>
  new RpcError({ tag: 'protocol_error', detail: 'the node answered with something else' });

const left = (deadline: number): number => Math.max(1, deadline - systemClock.now());
