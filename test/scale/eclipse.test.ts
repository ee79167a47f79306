/**
 * Two hundred ids made until they were closest to one key, in a mesh of a thousand (SECURITY §14, eclipse of a key).
 *
 * What bounds the attackers are the networks they have addresses in: of one, two count among the k closest, and ten
 * are asked or known.
 */
import { expect, test } from 'vitest';
import { seededRandom } from '../../src/actor/random.ts';
import { createKey, identityOf, nodeIdOf, spkiOf, type Identity } from '../../src/identity/identity.ts';
import { lookUp } from '../../src/mesh/dht/dht.ts';
import { headOf } from '../../src/mesh/dht/node-id.ts';
import { procedureKey } from '../../src/mesh/dht/record.ts';
import { acquaint } from '../../src/testing/simulation/acquaint.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';
import { memoryNetwork } from '../../src/transport/memory/network.ts';
import { collude } from '../sim/colluding.ts';
import { die, settle, startSome, type Place, type World } from '../sim/places.ts';

const HONEST = 1_000;
const ATTACKERS = 200;
const NETWORKS = 8;
/** Bits of the key that their ids share: one honest node in a thousand does by chance. */
const BITS = 10;
const NAME = 'weather.forecast';
const KEY = procedureKey(NAME);
/** Honest nodes that look it up. */
const ASKERS = 100;
const TIMEOUT = 10_000;
const SETTINGS = { pool: { size: 25, idleTimeout: 5_000 } };
/** Real milliseconds, on a machine that has other things to do. */
const LIMIT = 900_000;

function ground({ random, clock }: World): Identity {
  for (;;) {
    const key = createKey(random);
    if (Math.clz32(headOf(nodeIdOf(spkiOf(key))) ^ headOf(KEY)) >= BITS)
      return identityOf(key, random, clock.wall());
  }
}

async function found(world: World, askers: readonly Place[], provider: Place, name: string): Promise<number> {
  let count = 0;
  for (const { context } of askers) {
    const request = { kind: 'providers', procedure: name, key: procedureKey(name) } as const;
    const done = await settle(world.clock, lookUp(context, request, TIMEOUT));
    const { outcome } = done ?? {};
    if (outcome?.tag === 'providers' && outcome.providers.some(({ nodeId }) => nodeId === provider.node.id))
      count++;
  }
  return count;
}

test(
  `${ATTACKERS} ids ground around a key, of ${NETWORKS} networks, in a mesh of ${HONEST}: it is told, what was there is found, and what comes`,
  async () => {
    const random = seededRandom('eclipse');
    const clock = virtualClock();
    const world: World = { clock, random, network: memoryNetwork({ clock, random: random.fork('network') }) };
    const honest = await startSome(world, 0, HONEST, SETTINGS);
    acquaint(honest, random.fork('tables'), clock.now());
    const [early, late, ...others] = honest as [Place, Place, ...Place[]];
    await settle(
      clock,
      early.node.advertise(NAME, () => 'early'),
    );
    await clock.advance(TIMEOUT);
    const attackers = await startSome(world, HONEST, ATTACKERS, SETTINGS, (index) => ({
      host: `203.0.${index % NETWORKS}.${1 + Math.floor((index - HONEST) / NETWORKS)}`,
      identity: ground(world),
    }));
    acquaint([...honest, ...attackers], random.fork('more tables'), clock.now());
    collude(attackers);

    const askers = others.slice(0, ASKERS);
    const told: string[] = [];
    for (const { context, node } of askers) {
      // what is usual a node learns from other lookups, as of each refresh
      for (let other = 0; other < 8; other++) {
        const request = { kind: 'nodes', target: random.bytes(32) } as const;
        await settle(clock, lookUp(context, request, TIMEOUT));
      }
      node.events.addEventListener('dht.crowded', ({ detail: { key } }) => told.push(key));
    }
    const before = await found(world, askers, early, NAME);
    await settle(
      clock,
      late.node.advertise(NAME, () => 'late'),
    );
    await clock.advance(TIMEOUT);
    const after = await found(world, askers, late, NAME);
    console.info(JSON.stringify({ askers: ASKERS, told: told.length, before, after }));
    expect(new Set(told)).toEqual(new Set([Buffer.from(KEY).toString('hex')]));
    expect(told.length).toBeGreaterThanOrEqual(0.95 * ASKERS);
    expect(before).toBeGreaterThanOrEqual(0.95 * ASKERS);
    expect(after).toBeGreaterThanOrEqual(0.95 * ASKERS);
    for (const each of [...honest, ...attackers]) die(world.network, each);
  },
  LIMIT,
);
