/**
 * Looking for providers through the public API: a node asks its own registry and the DHT, a client asks its node.
 */
import { offAbort, onAbort } from '../../actor/abort-listeners.ts';
import type { ValueMap } from '../../codec/value.ts';
import { actor, type MeshContext } from '../context.ts';
import { RpcError } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { Request } from '../../otp/server-ref.ts';
import { findProviders, type Found } from '../registry/find-providers.ts';
import { MAX_INTERESTS, mergeInterests } from '../registry/interests.ts';
import { localProviders, type Provider } from '../registry/provider.ts';
import type { CacheStats } from '../registry/provider-cache.ts';
import type { Caller } from '../router/rpc-call.ts';
import { decodeProviders } from '../system/provider-list.ts';
import { DISCOVER } from '../system/system-procedures.ts';
import type { ApiCall } from './api-call.ts';
import { askNode } from './ask-node.ts';
import { checkName, checkWaiting, guarded, invalid, unknownOption, type Checked } from './check.ts';
import type { DiscoverOptions } from './client.ts';
import { Patience } from './patience.ts';

/** For the lookup, milliseconds (SPEC §2.3). */
const DISCOVER_TIMEOUT = 5_000;

const OPTIONS: ReadonlySet<string> = new Set<keyof DiscoverOptions>(['forceRefresh', 'timeout', 'signal']);

/** The cache of a node, and how often it was asked. */
export interface RegistryStats extends CacheStats {
  /** Lookups of providers in the DHT that were begun. */
  readonly lookups: number;
}

/** What is known of providers elsewhere; a client knows nothing of its own, its node does. */
export interface ServiceCache {
  /** Removes what is over; gives how many. It also happens by itself once a minute. */
  pruneExpired(): number;
  /** Forgets all of it; what is served here is not touched. */
  clearCache(): void;
  stats(): RegistryStats;
}

export const serviceCache = ({ discovery, runtime }: MeshContext): ServiceCache => ({
  pruneExpired: () => discovery.cache.pruneExpired(runtime.clock.now()),
  clearCache: () => {
    discovery.cache.clear();
  },
  stats: () => ({ ...discovery.cache.stats(), lookups: discovery.lookups }),
});

export class Discovering {
  readonly #context: MeshContext;
  readonly #caller: Caller;
  readonly #refusal: () => RpcFailure | undefined;

  /** @param refusal why nothing is asked any more. */
  constructor(context: MeshContext, caller: Caller, refusal: () => RpcFailure | undefined) {
    this.#context = context;
    this.#caller = caller;
    this.#refusal = refusal;
  }

  async discover(procedure: unknown, options: unknown): Promise<readonly Provider[]> {
    const { settings, runtime } = this.#context;
    const name = checkName(procedure, settings.names);
    if (!name.ok) throw new RpcError(name.failure);
    const forceRefresh = checkForce(options);
    if (!forceRefresh.ok) throw new RpcError(forceRefresh.failure, name.value);
    const waiting = checkWaiting(options, DISCOVER_TIMEOUT);
    if (!waiting.ok) throw new RpcError(waiting.failure, name.value);
    const patience = new Patience(runtime, waiting.value);
    patience.check(name.value);
    const refusal = this.#refusal();
    if (refusal !== undefined) throw new RpcError(refusal, name.value);
    const found = await this.#find(name.value, forceRefresh.value, patience);
    if (found.ok) return found.providers;
    patience.check(name.value);
    throw new RpcError(found.failure, name.value);
  }

  /** Has names looked up before they are called. */
  interested(names: unknown): void {
    const { settings, discovery, runtime } = this.#context;
    const checked = guarded<readonly string[]>('names', () => {
      if (!Array.isArray(names)) return invalid('names', 'must be a list of procedure names');
      for (const name of names) {
        const one = checkName(name, settings.names);
        if (!one.ok) return one;
      }
      return { ok: true, value: [...(names as readonly string[])] };
    });
    if (!checked.ok) throw new RpcError(checked.failure);
    const all = mergeInterests(discovery.interests, checked.value);
    if (all.length > MAX_INTERESTS)
      throw new RpcError(invalid('names', `must be at most ${MAX_INTERESTS} in all`).failure);
    if (this.#context.role === 'node') {
      const registry = actor(this.#context, 'serviceRegistry');
      if (registry !== undefined) runtime.cast(registry, new Request('prefetch', checked.value));
      return;
    }
    discovery.interests = all;
    // its cache is at its node
    for (const name of checked.value) this.#ask(name, false, DISCOVER_TIMEOUT, () => {});
  }

  #find(procedure: string, forceRefresh: boolean, patience: Patience): Promise<Found> {
    const { left: timeout, signal } = patience;
    return new Promise((resolve) => {
      const settle = (found: Found): void => {
        offAbort(signal, giveUp);
        resolve(found);
      };
      const open =
        this.#context.role === 'node'
          ? findProviders(this.#context, procedure, { forceRefresh, timeout }, settle)
          : this.#ask(procedure, forceRefresh, timeout, settle);
      function giveUp(): void {
        open?.cancel(undefined);
      }
      if (open?.settled === false) onAbort(signal, giveUp);
    });
  }

  /** Asks the node. */
  #ask(procedure: string, forceRefresh: boolean, timeout: number, settle: (found: Found) => void): ApiCall {
    const args: ValueMap = forceRefresh ? { procedure, force_refresh: true } : { procedure };
    return askNode(this.#context, this.#caller, DISCOVER, args, timeout, (result) => {
      settle(
        result.ok ? this.#merged(procedure, result.value) : { ok: false, failure: result.error.failure },
      );
    });
  }

  /** What we serve ourselves, and what the node knows of others. */
  #merged(procedure: string, answer: unknown): Found {
    const others = decodeProviders(answer as never);
    if (others === undefined) {
      const detail = 'the node answered with something else than a list of providers';
      return { ok: false, failure: { tag: 'protocol_error', detail } };
    }
    const own = localProviders(this.#context, procedure);
    const rest = own.length === 0 ? others : others.filter(({ nodeId }) => nodeId !== this.#caller.nodeId);
    return { ok: true, providers: [...own, ...rest] };
  }
}

const checkForce = (options: unknown): Checked<boolean> =>
  guarded<boolean>('options', () => {
    if (options === undefined) return { ok: true, value: false };
    if (typeof options !== 'object' || options === null) return invalid('options', 'must be an object');
    const unknown = unknownOption(options, OPTIONS);
    if (unknown !== undefined) return unknown;
    const { forceRefresh = false } = options as Record<string, unknown>;
    return typeof forceRefresh === 'boolean'
      ? { ok: true, value: forceRefresh }
      : invalid('forceRefresh', 'must be true or false');
  });
