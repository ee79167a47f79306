/**
 * The cases of registry.json about services, the cache and interests; those about the records of one key are in
 * `test/mesh/dht/registry-vectors.test.ts`.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { checkTtl } from '../../../src/mesh/client/check.ts';
import type { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { interestsOf, mergeInterests } from '../../../src/mesh/registry/interests.ts';
import { CACHE_TTL, ProviderCache } from '../../../src/mesh/registry/provider-cache.ts';
import { readvertiseAfter } from '../../../src/mesh/registry/readvertise.ts';
import { ServiceTable } from '../../../src/mesh/registry/service-table.ts';
import { meshWorld } from '../../mesh-world.ts';
import { found } from './found.ts';
import { nodesOf } from './nodes.ts';

type Op = Readonly<Record<string, unknown>> & { readonly op: string };
interface Case {
  readonly name: string;
  readonly input: Partial<Op> & { readonly ops?: readonly Op[]; readonly options?: Options };
  readonly expect: unknown;
}
interface Options {
  readonly cacheTtl?: number;
  readonly defaultTtl?: number;
}

const { cases } = JSON.parse(
  readFileSync(new URL('../../vectors/registry.json', import.meta.url), 'utf8'),
) as {
  readonly cases: readonly Case[];
};

/** Proved where records are; multi-hop routing (0x23) is not in this round: its frame is reserved. */
const ELSEWHERE: ReadonlySet<unknown> = new Set(['storeKey', 'rpcRoute']);

const DEFAULT_TTL = 300;
const ok = (value: unknown): object => ({ ok: value });
const error = (tag: string, field?: string): object => ({
  error: field === undefined ? { tag } : { tag, field },
});

/** One registry as the cases speak of it, over the real table and cache. */
class Registry {
  readonly #table = new ServiceTable();
  readonly #cache: ProviderCache;
  readonly #options: Options;
  readonly #handles = new Map<
    string,
    { readonly procedure: string; readonly owner: string; readonly id: string }
  >();
  readonly #published = new Set<string>();
  readonly #subscribers = new Map<string, unknown>();
  #now = 0;
  #ids = 0;

  constructor(options: Options) {
    this.#options = options;
    this.#cache = new ProviderCache(options.cacheTtl === undefined ? {} : { ttl: options.cacheTtl * 1_000 });
  }

  run(op: Op): unknown {
    const { id = '', client = 'self' } = op as { readonly id?: string; readonly client?: string };
    switch (op.op) {
      case 'options':
        return {
          serviceTtl: (checkTtl(undefined) as { readonly value: number }).value,
          defaultTtl: this.#options.defaultTtl ?? DEFAULT_TTL,
          cacheTtl: this.#options.cacheTtl ?? CACHE_TTL / 1_000,
        };
      case 'advertise':
      case 'readvertise':
        return this.#advertise(id, client, op);
      case 'unadvertise': {
        const handle = this.#handles.get(op['handle'] as string);
        if (handle !== undefined) this.#table.remove(handle.procedure, handle.owner, handle.id);
        else this.#table.remove(id, client);
        return 'ok';
      }
      case 'getLocal': {
        const [first] = this.#table.providers(id);
        return first === undefined ? error('not_found') : ok(first.metadata['handler']);
      }
      case 'localProviders':
        return this.#table.providers(id).map(({ owner }) => owner);
      case 'listLocal':
        return [...this.#table.procedures()].toSorted();
      case 'clientLost':
        for (const { procedure } of this.#table.ownedBy(client)) this.#table.remove(procedure, client);
        return 'ok';
      case 'records': {
        const isServed = this.#table.attached(id).length > 0;
        return isServed ? ['self'] : this.#published.has(id) ? ['tombstone'] : [];
      }
      // a service is never pruned: it is gone with its provider, not with time
      case 'pruneLocal':
        return 0;
      case 'cache': {
        const providers = (op['providers'] as readonly string[]).map((name) => found(name, Infinity));
        this.#cache.put(id, providers, this.#now, 0, (op['ttl'] as number) * 1_000);
        return 'ok';
      }
      case 'dhtAnswer':
        this.#cache.put(
          id,
          (op['providers'] as readonly string[]).map((name) => found(name, Infinity)),
          this.#now,
          0,
        );
        return 'ok';
      case 'discover': {
        const entry = op['forceRefresh'] === true ? undefined : this.#cache.find(id, this.#now);
        return entry === undefined ? 'cache_miss' : ok(entry.providers.map(({ nodeId }) => nodeId));
      }
      case 'pruneCache':
        return this.#cache.pruneExpired(this.#now);
      case 'clearCache':
        this.#cache.clear();
        return 'ok';
      case 'advance':
        this.#now += op['ms'] as number;
        return null;
      // subscribers are not in this round; whatever keeps them, it is not the provider cache
      case 'cacheSubscribers':
        this.#subscribers.set(id, op['list']);
        return 'ok';
      case 'subscribers':
        return ok(this.#subscribers.get(id));
      case 'readvertiseIntervalSeconds':
        return interval(op['ttl'] as number);
      default:
        throw new Error(`unknown op ${op.op}`);
    }
  }

  #advertise(procedure: string, owner: string, op: Op): unknown {
    const ttl = checkTtl(op['ttl']);
    if (!ttl.ok) return error('invalid_args', 'ttl');
    const metadata = { handler: (op['handler'] as string | undefined) ?? this.#handlerOf(procedure) };
    const id = `${this.#ids++}`;
    const offer = { exclusive: op['exclusive'] === true, ttl: ttl.value, metadata, description: undefined };
    const target = { kind: 'handler', name: id } as const;
    const added = this.#table.add({
      id,
      procedure,
      owner,
      ...offer,
      advertisedAt: this.#now,
      target,
      inFlight: 0,
    });
    if (added.tag === 'exclusive') return error('unauthorized');
    if (op['as'] !== undefined) this.#handles.set(op['as'] as string, { procedure, owner, id });
    this.#published.add(procedure);
    return 'ok';
  }

  #handlerOf(procedure: string): string {
    return this.#table.providers(procedure)[0]?.metadata['handler'] as string;
  }
}

/** The middle and the ends of what is drawn, seconds. */
function interval(ttl: number): object {
  const at = (float: number): number => {
    const after = readvertiseAfter(ttl, { ...seededRandom(0), float: () => float }) / 1_000;
    return Math.round(after * 1_000) / 1_000;
  };
  return { base: at(0.5), min: at(0), max: at(1) };
}

async function single({ op, ...input }: Partial<Op>): Promise<unknown> {
  if (op === 'interests') return ok(interestsOf(input['value']));
  if (op === 'mergeInterests')
    return ok(mergeInterests(input['current'] as readonly string[], input['new'] as readonly string[]));
  const world = meshWorld();
  const [node] = await nodesOf(world, 1, { dht: false });
  switch (op) {
    case 'publish':
      return ok((await world.settle(node!.advertise('a.b', () => 1))).state());
    case 'query': {
      const failed = await world.rejection(node!.discover('a.b'));
      return error((failed as RpcError).failure.tag);
    }
    case 'remove':
      await world.settle(node!.advertise('a.b', () => 1));
      await world.settle(node!.unadvertise('a.b'));
      return ok('ok');
    default:
      throw new Error(`unknown op ${String(op)}`);
  }
}

describe('registry.json', () => {
  const ours = cases.filter(({ input }) => !ELSEWHERE.has(input.op));

  test('has cases', () => {
    expect(ours.length).toBeGreaterThan(30);
  });

  test.each(ours)('$name', async ({ input, expect: expected }) => {
    if (input.ops === undefined) {
      expect(await single(input)).toEqual(expected);
      return;
    }
    const registry = new Registry(input.options ?? {});
    for (const [n, op] of input.ops.entries()) {
      const outcome = registry.run(op);
      const wanted = (expected as readonly unknown[])[n];
      if (op.op === 'options') expect(outcome).toMatchObject(wanted as object);
      else if (wanted !== null) expect(outcome, `op ${n}: ${op.op}`).toEqual(wanted);
    }
  });
});
