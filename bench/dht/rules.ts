/**
 * What the rules cost that need no network: the routing table against another, and a look into the cache. µs each.
 *
 * Both tables get the same contacts in the same order; the public addresses are those of a large mesh, so that ours
 * counts networks too. Most buckets are full after the first hundreds, then ours keeps a spare where the other only
 * says no. `closest`: ours are exactly the closest, the other's are near; both as they are put into an answer, which
 * whoever asked sorts among others. `sorted`: the same by their distance, as a lookup begins with them.
 */
import { systemClock } from '../../src/actor/clock.ts';
import { seededRandom } from '../../src/actor/random.ts';
import type { MeshContext } from '../../src/mesh/context.ts';
import { K, type Contact } from '../../src/mesh/dht/contact.ts';
import { compareDistance, ID_BYTES } from '../../src/mesh/dht/node-id.ts';
import { RoutingTable } from '../../src/mesh/dht/routing-table.ts';
import { cached } from '../../src/mesh/registry/discovery.ts';
import { ProviderCache } from '../../src/mesh/registry/provider-cache.ts';
import type { RemoteProvider } from '../../src/mesh/registry/remote-provider.ts';
import { loadPackage } from '../harness/packages.ts';
import { ESPALIER, KADEMLIA } from './names.ts';
import type { Figures, TableOrder } from './messages.ts';

/** Contacts put into a fresh table: a mesh of a thousand nodes. */
const CONTACTS = 1_000;
const TARGETS = 1_024;
/** Names in the cache, of each kind, and how long they live, ms. */
const NAMES = 1_000;
const FOREVER = 1e9;

interface PeerTable {
  add(node: { readonly id: Buffer }): boolean;
  closest(id: Buffer, k: number): { readonly id: Buffer }[];
}
type PeerTableClass = new (id: Buffer, options: { readonly k: number }) => PeerTable;

/** Does its operations once; gives how many they were. */
type Round = () => number;

export async function rules({ peer, window }: TableOrder): Promise<Figures> {
  const random = seededRandom('dht tables');
  const self = random.bytes(ID_BYTES);
  const contacts = Array.from({ length: CONTACTS }, (): Contact => {
    const id = random.bytes(ID_BYTES);
    const [a = 0, b = 0, c = 0, d = 0] = random.bytes(4);
    return { id, nodeId: Buffer.from(id).toString('hex'), address: `${(a % 100) + 11}.${b}.${c}.${d}:4433` };
  });
  const targets = Array.from({ length: TARGETS }, () => random.bytes(ID_BYTES));
  const rounds: Record<string, Round> = { ...ours(self, contacts, targets), ...cache() };
  if (peer) Object.assign(rounds, await theirs(self, contacts, targets));
  // each in turn, twice: the second time counts
  const found: Record<string, number> = {};
  for (let turn = 0; turn < 2; turn++)
    for (const [name, round] of Object.entries(rounds)) found[name] = timed(round, window);
  return found;
}

function ours(
  self: Uint8Array,
  contacts: readonly Contact[],
  targets: readonly Uint8Array[],
): Record<string, Round> {
  const fill = (): RoutingTable => {
    const table = new RoutingTable(self);
    for (const [at, contact] of contacts.entries()) table.add(contact, at);
    return table;
  };
  const full = fill();
  return {
    [`${ESPALIER} insert`]: () => fill().size && contacts.length,
    [`${ESPALIER} closest`]: () => {
      for (const target of targets) full.closestUnsorted(target, K);
      return targets.length;
    },
    [`${ESPALIER} sorted`]: () => {
      for (const target of targets) full.closest(target, K);
      return targets.length;
    },
  };
}

async function theirs(
  self: Uint8Array,
  contacts: readonly Contact[],
  targets: readonly Uint8Array[],
): Promise<Record<string, Round>> {
  const { default: Table } = (await loadPackage(KADEMLIA)) as { readonly default: PeerTableClass };
  const nodes = contacts.map(({ id, address }) => ({ id: Buffer.from(id), address }));
  const ids = targets.map((target) => Buffer.from(target));
  const own = Buffer.from(self);
  const fill = (): PeerTable => {
    const table = new Table(own, { k: K });
    for (const node of nodes) table.add(node);
    return table;
  };
  const full = fill();
  return {
    [`${KADEMLIA} insert`]: () => (fill(), nodes.length),
    [`${KADEMLIA} closest`]: () => {
      for (const id of ids) full.closest(id, K);
      return ids.length;
    },
    [`${KADEMLIA} sorted`]: () => {
      for (const id of ids) full.closest(id, K).sort((a, b) => compareDistance(a.id, b.id, id));
      return ids.length;
    },
  };
}

/** What the way of every call asks first; a negative answer is one too. */
function cache(): Record<string, Round> {
  const known = new ProviderCache({ ttl: FOREVER, negativeTtl: FOREVER });
  const provider: RemoteProvider = {
    nodeId: 'ab'.repeat(ID_BYTES),
    endpoints: ['127.0.0.1:4433'],
    metadata: {},
    seq: 1,
    issuedAt: 0,
    expiresAt: Number.MAX_SAFE_INTEGER,
  };
  const names = Array.from({ length: NAMES }, (_, at) => `bench.name${at}`);
  const unserved = names.map((name) => `${name}.unserved`);
  const now = systemClock.now();
  for (const name of names) known.put(name, [provider], now, 0);
  for (const name of unserved) known.put(name, [], now, 0);
  // all of a node that a look into the cache touches
  const context = { runtime: { clock: systemClock }, discovery: { cache: known } } as unknown as MeshContext;
  const look = (all: readonly string[]) => (): number => {
    for (const name of all) if (cached(context, name) === undefined) throw new Error(`${name} is not cached`);
    return all.length;
  };
  return { [`${ESPALIER} cache hit`]: look(names), [`${ESPALIER} negative cache hit`]: look(unserved) };
}

/** µs of CPU time per operation. */
function timed(round: Round, window: number): number {
  globalThis.gc?.();
  const from = process.cpuUsage();
  const until = performance.now() + window;
  let operations = 0;
  do operations += round();
  while (performance.now() < until);
  const { user, system } = process.cpuUsage(from);
  return (user + system) / operations;
}
