/**
 * What other parts of a node have the DHT know: records like those of procedures, under names that nobody can serve.
 *
 * Published, said again and taken back with everything else that this node says there. A name begins with `_`: no procedure's does.
 * Anybody of the realm can sign a record under it: what one says is to be judged by whoever reads it.
 */
import { Request } from '../../otp/server-ref.ts';
import { actor, type MeshContext } from '../context.ts';
import { lookUp } from '../dht/dht.ts';
import { procedureKey } from '../dht/record.ts';
import type { Offer } from './service-table.ts';
import type { RemoteProvider } from './remote-provider.ts';

/** What a notice says: what the offer of a procedure does. */
export type Notice = Pick<Offer, 'exclusive' | 'ttl' | 'metadata' | 'description'>;

/** Says it from now on; the same again changes nothing. */
export function putUp(context: MeshContext, name: string, notice: Notice): void {
  context.discovery.notices.set(name, notice);
  tell(context, name);
}

/** Takes it back, as soon as the DHT can be asked. */
export function takeDown(context: MeshContext, name: string): void {
  if (context.discovery.notices.delete(name)) tell(context, name);
}

/** Verified records of all who say something under that name; undefined: nobody could be asked in `timeout` ms. */
export async function noticesOf(
  context: MeshContext,
  name: string,
  timeout: number,
): Promise<readonly RemoteProvider[] | undefined> {
  const request = { kind: 'providers', procedure: name, key: procedureKey(name) } as const;
  const done = await lookUp(context, request, timeout);
  return done?.outcome.tag === 'providers' ? done.outcome.providers : undefined;
}

function tell(context: MeshContext, name: string): void {
  const advertiser = actor(context, 'advertiser');
  // one that is being restarted reads all of them
  if (advertiser !== undefined) context.runtime.cast(advertiser, new Request('changed', name));
}
