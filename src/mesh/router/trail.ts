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

/** Why a call must not go on; undefined: it may. To ask is to have seen it. */
export function judgeTrail({ routing, runtime }: MeshContext, { id, hops }: Trail): RpcFailure | undefined {
  if (hops > HOP_LIMIT) return stopped(`passed on more than ${HOP_LIMIT} times`);
  return routing.searches.add(keyOf(id), runtime.clock.now())
    ? undefined
    : stopped('the search has been here');
}

/** The trail of a call that is passed on to other stations now. */
export function nextTrail({ routing, runtime }: MeshContext, came: Trail | undefined): Trail {
  if (came !== undefined) return { id: came.id, hops: came.hops + 1 };
  const id = runtime.random.bytes(ID);
  routing.searches.add(keyOf(id), runtime.clock.now());
  return { id, hops: 1 };
}

const stopped = (detail: string): RpcFailure => ({ tag: 'procedure_not_found', detail });

const keyOf = (id: Uint8Array): string => Buffer.from(id).toString('latin1');

function isNode({ standings }: MeshContext, peerId: string): boolean {
  for (const { isNode } of standings.of(peerId)) if (isNode) return true;
  return false;
}
