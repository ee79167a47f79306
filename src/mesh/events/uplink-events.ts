/**
 * The events of a client's way to its node. They outlive the uplink's actor: a crash of it is no loss of the node.
 *
 * Nothing is told before the first acceptance (`connect` rejects then), nor while the client leaves.
 */
import type { MeshContext } from '../context.ts';
import { describeFailure, type RpcFailure } from '../errors/rpc-failure.ts';

interface Way {
  peer: string;
  /** Monotonic ms at which the node was lost; undefined while it is there. */
  lostAt: number | undefined;
  reason: string;
  /** Dials since then. */
  attempt: number;
}

const ways = new WeakMap<MeshContext, Way>();

/** The way of a client that was accepted once and does not leave. */
const wayOf = (context: MeshContext): Way | undefined =>
  context.phase.closing ? undefined : ways.get(context);

/** The node accepted us. */
export function uplinkReady(context: MeshContext, peer: string): void {
  const way = wayOf(context);
  if (way?.lostAt !== undefined) {
    const ms = Math.round(context.runtime.clock.now() - way.lostAt);
    context.events.emit('uplink.reconnected', { peer, attempt: way.attempt, ms });
  }
  ways.set(context, { peer, lostAt: undefined, reason: '', attempt: 0 });
}

/** The node is lost, or one more try to reach it has failed; `final`: there will be no other. */
export function uplinkLost(context: MeshContext, failure: RpcFailure, final: boolean): void {
  const way = wayOf(context);
  if (way === undefined) return;
  way.reason = describeFailure(failure);
  lose(context, way);
  if (final) context.events.emit('uplink.given_up', { reason: way.reason });
}

/** It will be dialed again after `wait` ms. */
export function uplinkRetry(context: MeshContext, wait: number): void {
  const way = wayOf(context);
  if (way === undefined) return;
  lose(context, way);
  way.attempt++;
  context.events.emit('uplink.retry', { attempt: way.attempt, delay: Math.round(wait), reason: way.reason });
}

function lose(context: MeshContext, way: Way): void {
  if (way.lostAt !== undefined) return;
  way.lostAt = context.runtime.clock.now();
  if (way.reason === '') way.reason = 'the connection was lost';
  context.events.emit('uplink.lost', { peer: way.peer, reason: way.reason });
}
