/**
 * Finding who serves a procedure elsewhere: the cache first, then the DHT. What the router and users ask.
 *
 * A miss is asked of the service registry, which has one lookup under way per procedure and answers all who wait with
 * it. A hit near the end of its life has the registry look again, and nobody waits for that.
 */
import { Call, type CallFailure } from '../../actor/call.ts';
import { Request } from '../../otp/server-ref.ts';
import { actor, type MeshContext } from '../context.ts';
import type { LookupStats } from '../dht/lookup-request.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import type { CacheEntry } from './provider-cache.ts';
import type { RemoteProvider } from './remote-provider.ts';

export type Discovery =
  /** Empty: the mesh says that nobody serves it. */
  | {
      readonly tag: 'providers';
      readonly providers: readonly RemoteProvider[];
      readonly from: 'cache' | 'dht';
      /** What the lookup took, when there was one. */
      readonly stats?: LookupStats;
    }
  /** Nobody could say: there is no DHT, or it does not answer, or not in time. */
  | {
      readonly tag: 'unreachable';
      readonly detail: string;
      /** Nobody was asked: too many names are looked up, in all or for this asker. */
      readonly full?: boolean;
    };

/** Told once, perhaps at once, perhaps in another actor's turn: it must be short and must not throw. */
export type DiscoveryDone = (discovery: Discovery) => void;

export interface DiscoverOptions {
  /** Asks the DHT whatever the cache knows; what it says is cached. */
  readonly forceRefresh?: boolean;
  /** Milliseconds. */
  readonly timeout: number;
  /** Hex id of the peer that wants to know; empty, the default: we do. */
  readonly asker?: string;
}

/** What whoever asked is told when nobody could say. */
export const refusalOf = ({ detail, full }: Discovery & { readonly tag: 'unreachable' }): RpcFailure =>
  full === true ? { tag: 'overloaded', bound: 'lookups' } : { tag: 'connection_error', sent: false, detail };

/** What the cache knows, if anything. For the way of every call: allocates nothing but on the rare refresh. */
export function cached(context: MeshContext, procedure: string): CacheEntry | undefined {
  const now = context.runtime.clock.now();
  const entry = context.discovery.cache.find(procedure, now);
  if (entry?.claimRefresh(now) === true) {
    const registry = actor(context, 'serviceRegistry');
    if (registry !== undefined) context.runtime.cast(registry, new Request('refresh', procedure));
  }
  return entry;
}

/** Asks the cache, then the DHT. Gives the question, while it is open, so that it can be canceled. */
export function discover(
  context: MeshContext,
  procedure: string,
  { forceRefresh = false, timeout, asker = '' }: DiscoverOptions,
  done: DiscoveryDone,
): Call | undefined {
  const entry = forceRefresh ? undefined : cached(context, procedure);
  if (entry !== undefined) {
    done({ tag: 'providers', providers: entry.providers, from: 'cache' });
    return undefined;
  }
  const registry = actor(context, 'serviceRegistry');
  if (!context.settings.dht || registry === undefined) {
    done({ tag: 'unreachable', detail: registry === undefined ? RESTARTING : 'there is no DHT here' });
    return undefined;
  }
  const request = new DiscoverRequest(procedure, forceRefresh, asker, done);
  context.runtime.call(registry, request, timeout);
  return request.settled ? undefined : request;
}

/** A provider did not have it, or could not be reached: nobody else is sent there. */
export function forget({ discovery }: MeshContext, procedure: string, nodeId: string): void {
  discovery.cache.forget(procedure, nodeId);
}

/** Nobody was asked, and will not be. */
export const FULL: Discovery = {
  tag: 'unreachable',
  detail: 'too many names are looked up at once',
  full: true,
};

const RESTARTING = 'the service registry is being restarted';

/** A question to the service registry; its answer is a `Discovery`. */
export class DiscoverRequest extends Call {
  readonly procedure: string;
  readonly forceRefresh: boolean;
  /** Hex id of the peer that wants to know; empty: we do. */
  readonly asker: string;
  /** Told when nobody wants the answer any more; set by whoever has it wait. */
  onLeft: ((request: DiscoverRequest) => void) | undefined;
  /** Nobody had been asked yet when its time was over. */
  unasked: boolean;
  readonly #done: DiscoveryDone;

  constructor(procedure: string, forceRefresh: boolean, asker: string, done: DiscoveryDone) {
    super();
    this.procedure = procedure;
    this.forceRefresh = forceRefresh;
    this.asker = asker;
    this.onLeft = undefined;
    this.unasked = false;
    this.#done = done;
  }

  get request(): this {
    return this;
  }

  protected onReply(value: unknown): void {
    this.#done(value as Discovery);
  }

  protected override onAbandoned(): void {
    this.onLeft?.(this);
  }

  protected onFailure(failure: CallFailure): void {
    if (failure.tag === 'timeout' && this.unasked) this.#done(FULL);
    else this.#done({ tag: 'unreachable', detail: DETAILS[failure.tag], full: failure.tag === 'overloaded' });
  }
}

const DETAILS: Readonly<Record<CallFailure['tag'], string>> = {
  exit: RESTARTING,
  timeout: 'the lookup took too long',
  overloaded: 'too many wait for the service registry',
  canceled: 'nobody waits any more',
};
