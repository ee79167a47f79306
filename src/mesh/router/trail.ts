/**
 * The trail of a call that stations pass on: which search it is part of, and how often it was passed on.
 *
 * Only a station reads it, and believes nodes alone: what a client claims of it is as if it were not there. So a call
 * cannot go round in circles, whoever is peered with whom. Source: SPEC §9 (loop guard).
 */
import { Buffer } from 'node:buffer';
import type { CallPayload } from '../../codec/payloads.ts';
import type { MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';

/** How often a call is passed on at most. */
export const HOP_LIMIT = 10;
/** Bytes of a search's id. */
const ID = 16;

export interface Trail {
  /** 16 random bytes, drawn by the first station. */
  readonly id: Uint8Array;
  /** How often it was passed on, 1 the first time. */
  readonly hops: number;
}

/** Undefined for a call that is no station's, or not to be believed. @param peerId whose connection it came on. */
export function trailOf(context: MeshContext, payload: CallPayload, peerId: string): Trail | undefined {
  const { search_id: id, hop_count: hops } = payload;
  if (id === undefined || id === null || context.settings.station === undefined) return undefined;
  if (payload.procedure.startsWith('_') || !isNode(context, peerId)) return undefined;
  return { id, hops: Math.max(1, hops ?? 1) };
}

/** Why a call must not go on; undefined: it may. To ask is to have seen it. @param peerId who has passed it on. */
export function judgeTrail(
  context: MeshContext,
  { id, hops }: Trail,
  peerId: string,
): RpcFailure | undefined {
  if (hops > HOP_LIMIT) return stopped(`passed on more than ${HOP_LIMIT} times`);
  return isFirst(context, id, peerId) ? undefined : stopped('the search has been here');
}

/** The trail of a call that is passed on to other stations now. @param asker hex id; empty: this node. */
export function nextTrail(context: MeshContext, came: Trail | undefined, asker: string): Trail {
  if (came !== undefined) return { id: came.id, hops: came.hops + 1 };
  const id = context.runtime.random.bytes(ID);
  isFirst(context, id, asker);
  return { id, hops: 1 };
}

/** Whether a search is here for the first time; it has been here then. */
function isFirst({ routing, runtime }: MeshContext, id: Uint8Array, asker: string): boolean {
  const origin = asker === '' || routing.stations.has(asker) ? 'ours' : 'strange';
  return routing.searches.add(Buffer.from(id).toString('latin1'), runtime.clock.now(), origin);
}

const stopped = (detail: string): RpcFailure => ({ tag: 'procedure_not_found', detail });

function isNode({ standings }: MeshContext, peerId: string): boolean {
  for (const { isNode } of standings.of(peerId)) if (isNode) return true;
  return false;
}
