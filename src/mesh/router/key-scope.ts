/**
 * Whose an idempotency key is. To a provider all callers that one node speaks for are that node, so a key that leaves its
 * caller's node carries the caller in it: keys of two callers never meet. Pure.
 *
 * The first station does that, and those after it leave the key alone. So the provider knows it again whichever of its
 * peers brings it, and when its caller comes itself. Source: RELIABILITY §6 "Duplicate suppression".
 */
import { createHash } from 'node:crypto';
import type { RpcCall } from './rpc-call.ts';

/** The key with its caller in it; as it came when a station that is believed has seen to that. */
export const scopedKey = ({ relayed, caller }: Pick<RpcCall, 'relayed' | 'caller'>, key: string): string =>
  relayed ? key : createHash('sha256').update(`${caller.nodeId}\n${key}`).digest('base64url');
