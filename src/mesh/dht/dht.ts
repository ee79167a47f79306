/**
 * What the rest of the mesh asks of the DHT.
 */
import type { MeshContext } from '../context.ts';
import type { LookupDone, LookupRequest } from './lookup-request.ts';
import { startLookupThen } from './lookup-server.ts';

/** Whether our place is found: before that the k closest that a record goes to are not known. */
export const isJoined = ({ dht }: MeshContext): boolean => dht.joined;

/**
 * Calls `listen` once when our place is found, at once when it is. It runs in the turn of the routing table's actor:
 * it must be short and must not throw. What it gives takes the wish back.
 */
export function whenJoined({ dht }: MeshContext, listen: () => void): () => void {
  if (dht.joined) listen();
  else dht.waiting.add(listen);
  return () => {
    dht.waiting.delete(listen);
  };
}

/** Looks something up; undefined when no lookup can be made now, or it was lost on the way. */
export function lookUp(
  context: MeshContext,
  request: LookupRequest,
  timeout: number,
): Promise<LookupDone | undefined> {
  return new Promise((resolve) => {
    const lookup = startLookupThen(context, request, resolve, { timeout });
    if (lookup === undefined) resolve(undefined);
    else context.runtime.onExit(lookup, () => resolve(undefined));
  });
}
