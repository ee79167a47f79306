/**
 * Attackers with as many ids around a key as they like: what honest nodes still find (SECURITY §14, Sybil and eclipse).
 *
 * Attackers are nodes like any other, but that they name each other only, say that they keep every record, and keep
 * none. What bounds them are the networks they have addresses in: of one, two count among the k closest, and ten are
 * asked or known.
 */
import { expect, test } from 'vitest';
import type { Random } from '../../src/actor/random.ts';
import { createKey, identityOf, nodeIdOf, spkiOf, type Identity } from '../../src/identity/identity.ts';
import type { Contact } from '../../src/mesh/dht/contact.ts';
import { compareDistance } from '../../src/mesh/dht/node-id.ts';
import { procedureKey } from '../../src/mesh/dht/record.ts';
import type { Node } from '../../src/node.ts';
import { contextOf, meshWorld, type MeshWorld } from '../mesh-world.ts';
import {
  closestNodes,
  find,
  holders,
  idOf,
  joinedNodes,
  named,
  providersOf,
  publish,
  tableOf,
} from '../mesh/dht/dht-mesh.ts';

const HONEST = 100;
const NAME = 'weather.forecast';
const KEY = procedureKey(NAME);

const leading = (id: Uint8Array): number => new DataView(id.buffer, id.byteOffset).getUint32(0);

/** An identity whose id shares so many bits with the key. */
function ground(world: MeshWorld, random: Random, key: Uint8Array, bits: number): Identity {
  for (;;) {
    const privateKey = createKey(random);
    if (Math.clz32(leading(nodeIdOf(spkiOf(privateKey))) ^ leading(key)) >= bits)
      return identityOf(privateKey, random, world.clock.wall());
  }
}

/** From now on these nodes name each other only, and keep nothing that they say they keep. */
function collude(attackers: readonly Node[]): void {
  const all: readonly Contact[] = attackers.map((node) => ({
    id: idOf(node),
    nodeId: node.id,
    address: new URL(node.url).host,
  }));
  for (const attacker of attackers) {
    const closest = (target: Uint8Array, count: number, excluding?: string): Contact[] =>
      all
        .filter(({ nodeId }) => nodeId !== excluding && nodeId !== attacker.id)
        .toSorted((a, b) => compareDistance(a.id, b.id, target))
        .slice(0, count);
    Object.assign(tableOf(attacker), { closest, closestUnsorted: closest });
    Object.assign(contextOf(attacker).records, { get: () => [], put: () => 'added' });
  }
}

interface Attack {
  /** /24 networks that they have addresses in. */
  readonly networks: number;
  /** Bits of the key that their ids share. */
  readonly bits: number;
}

interface Mesh {
  readonly world: MeshWorld;
  readonly honest: readonly Node[];
  readonly attackers: Node[];
}

async function honestMesh(seed: string): Promise<Mesh> {
  const world = meshWorld({ seed, poison: false });
  return { world, honest: await joinedNodes(world, HONEST), attackers: [] };
}

/** So many more join by honest nodes, and all collude from then on. */
async function come({ world, honest, attackers }: Mesh, count: number, attack: Attack): Promise<void> {
  const random = world.random.fork(`attackers ${attackers.length}`);
  for (let more = 0; more < count; more++) {
    const n = attackers.length;
    const host = `203.0.${n % attack.networks}.${1 + Math.floor(n / attack.networks)}`;
    const identity = ground(world, random, KEY, attack.bits);
    const node = await world.node({ host, identity, bootstrap: [honest[n % HONEST]!.url] });
    await world.settle(node.ready());
    attackers.push(node);
  }
  collude(attackers);
  await world.clock.advance(10_000);
}

/** Of honest nodes, how many find all of these, and keep a record of any. */
async function outcome(
  { world, honest, attackers }: Mesh,
  providers: readonly Node[],
): Promise<{ readonly found: number; readonly kept: number; readonly hostile: number }> {
  let found = 0;
  for (const node of honest) {
    const seen = providersOf(await find(world, node, NAME));
    if (providers.every((provider) => seen.includes(named(provider)))) found++;
  }
  const closest = closestNodes([...honest, ...attackers], KEY);
  const told = {
    found,
    kept: holders(world, honest, NAME).length,
    hostile: closest.filter((node) => attackers.includes(node)).length,
  };
  console.info(JSON.stringify({ honest: HONEST, attackers: attackers.length, ...told }));
  return told;
}

/** Milliseconds for two hundred nodes: a minute on a quiet machine. */
const LIMIT = 900_000;

test(
  'ids closer to a key than any honest one, as many as are taken of eight networks: what is kept is found, and what comes',
  async () => {
    const mesh = await honestMesh('eclipse');
    const [early, late] = mesh.honest.slice(-2) as [Node, Node];
    await publish(mesh.world, early, NAME);
    await come(mesh, 80, { networks: 8, bits: 9 });
    const before = await outcome(mesh, [early]);
    // without limits nobody else would be asked
    expect(before.hostile).toBe(20);
    expect(before.found).toBeGreaterThanOrEqual(0.95 * HONEST);
    await publish(mesh.world, late, NAME);
    const after = await outcome(mesh, [late]);
    expect(after.found).toBeGreaterThanOrEqual(0.95 * HONEST);
  },
  LIMIT,
);

test(
  'colluding nodes with ids and networks of their own: a tenth of all and nearly every honest node finds it, 30 % and nine of ten',
  async () => {
    const mesh = await honestMesh('colluding');
    const [one, two] = mesh.honest.slice(-2) as [Node, Node];
    await come(mesh, 11, { networks: 43, bits: 0 });
    await publish(mesh.world, one, NAME);
    expect((await outcome(mesh, [one])).found).toBeGreaterThanOrEqual(0.99 * HONEST);
    await come(mesh, 32, { networks: 43, bits: 0 });
    await publish(mesh.world, two, NAME);
    expect((await outcome(mesh, [two])).found).toBeGreaterThanOrEqual(0.9 * HONEST);
  },
  LIMIT,
);
