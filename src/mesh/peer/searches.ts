/**
 * The lookups of the peer pool: where a node is that is wanted, and of which nobody said it. Driven by the pool's actor alone.
 */
import type { Process, Self } from '../../actor/process.ts';
import type { MeshContext } from '../context.ts';
import type { LookupOutcome, LookupRequest } from '../dht/lookup-request.ts';
import { startLookup } from '../dht/lookup-server.ts';
import { presenceKey, presenceName } from '../registry/presence.ts';
import type { Wish } from './wish.ts';

/** Milliseconds for a lookup of a node's address at most. */
const SEARCH = 5_000;
/** Such lookups at once: a node has 256 for all that is looked up. */
const SEARCHES = 48;

export class Searches {
  readonly #context: MeshContext;
  readonly #self: Self;
  readonly #wishes = new Map<Process, Wish>();

  constructor(context: MeshContext, self: Self) {
    this.#context = context;
    this.#self = self;
  }

  get full(): boolean {
    return this.#wishes.size >= SEARCHES;
  }

  /** Asks the DHT where it is; false when that cannot be done. */
  begin(wish: Wish, by: 'contact' | 'presence' = 'contact'): boolean {
    const { nodeId } = wish;
    if (!this.#context.settings.dht || nodeId === undefined) return false;
    const request: LookupRequest =
      by === 'contact'
        ? { kind: 'nodes', target: Buffer.from(nodeId, 'hex') }
        : { kind: 'providers', procedure: presenceName(nodeId), key: presenceKey(nodeId) };
    const lookup = startLookup(this.#context, request, this.#self as Process, { timeout: SEARCH });
    if (lookup === undefined) return false;
    this.#self.monitor(lookup);
    this.#wishes.set(lookup, wish);
    wish.phase = 'searching';
    return true;
  }

  /** A lookup has ended; without an outcome when it died. The wish that knows all now that can be known. */
  found(lookup: Process, outcome: LookupOutcome | undefined): Wish | undefined {
    const wish = this.#wishes.get(lookup);
    this.#wishes.delete(lookup);
    if (wish?.phase !== 'searching') return undefined;
    const closest = outcome?.tag === 'nodes' ? outcome.closest : [];
    const contact = closest.find(({ nodeId }) => nodeId === wish.nodeId);
    if (contact !== undefined) wish.add([contact.address]);
    // who can be dialed by nobody is no contact, and says itself which stations lead to it
    else if (outcome?.tag === 'nodes' && this.begin(wish, 'presence')) return undefined;
    const present = outcome?.tag === 'providers' ? outcome.providers : [];
    wish.add(present.find(({ nodeId }) => nodeId === wish.nodeId)?.endpoints ?? []);
    return wish;
  }
}
