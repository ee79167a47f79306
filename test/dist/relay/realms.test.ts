/** Whom a dist relay lets in: those who name its realm, or show that they are members of it. */
import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import type { Runtime } from '../../../src/actor/runtime.ts';
import { startDistribution, TunnelCarrier } from '../../../src/distribution.ts';
import type { RelayClientOptions } from '../../../src/dist/relay/client/make-client.ts';
import { createKey, spkiOf, type Identity } from '../../../src/identity/identity.ts';
import { issueMembership } from '../../../src/identity/realm.ts';
import { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { RelayWorld, type ClientPlace, type RelayPlace } from './relay-world.ts';

const DAY = 86_400_000;
const key = createKey(seededRandom('realm'));

/** Options that prove a membership of `closed`. */
function member(world: RelayWorld, label: string, over: { readonly realm?: string } = {}) {
  const identity: Identity = world.identity(label);
  const { nodeId } = identity;
  const validFrom = world.clock.wall() - DAY;
  const certificate = { realm: 'closed', nodeId, validFrom, validTo: validFrom + 30 * DAY, ...over };
  return {
    identity,
    realm: 'closed',
    realmKey: spkiOf(key),
    membership: issueMembership(certificate, key),
  };
}

/** What its relay says of a client. */
async function told(world: RelayWorld, relay: RelayPlace, options: RelayClientOptions): Promise<string> {
  const { client }: ClientPlace = await world.dialing([relay], 'a@one', options);
  await world.until(() => client.status().identified || client.status().relays[0]?.reason !== '');
  const reason = client.status().relays[0]?.reason ?? '';
  await world.settle(client.close());
  await world.until(() => relay.relay.status().clients.length === 0);
  return reason;
}

describe('a relay', () => {
  test('of a realm lets in who names it, and nobody else', async () => {
    const world = new RelayWorld();
    const relay = await world.relay({ realm: 'shop' });
    expect(await told(world, relay, { realm: 'shop' })).toBe('');
    expect(await told(world, relay, { realm: 'other' })).toBe('refused: other_realm');
    expect(await told(world, relay, {})).toBe('refused: other_realm');
  });

  test('without a realm lets in whoever comes', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    expect(await told(world, relay, { realm: 'shop' })).toBe('');
    expect(await told(world, relay, member(world, 'member'))).toBe('');
  });

  test('of a closed realm lets in members only', async () => {
    const world = new RelayWorld();
    const relay = await world.relay(member(world, 'relay'));
    expect(await told(world, relay, member(world, 'member'))).toBe('');
    expect(await told(world, relay, { realm: 'closed' })).toBe('refused: not_a_member');
    expect(await told(world, relay, member(world, 'elsewhere', { realm: 'other' }))).toBe(
      'refused: not_a_member',
    );
    // a membership is of one key
    const stolen = { ...member(world, 'member'), identity: world.identity('thief') };
    expect(await told(world, relay, stolen)).toBe('refused: not_a_member');
  });

  test('of a closed realm lets in nodes without a mesh, whose carrier shows the membership', async () => {
    const world = new RelayWorld();
    const relay = await world.relay(member(world, 'relay'));
    const other = await world.client([relay], 'b@two', member(world, 'b'));
    const runtime: Runtime = other.runtime;
    const transport = world.network.transport('198.18.61.9');
    const carriers = [new TunnelCarrier(runtime, { relays: relay.url, transport, ...member(world, 'a') })];
    const dist = await world.settle(
      startDistribution(runtime, { name: 'a@one', cookie: 'lattice', carriers }),
    );
    await world.until(() => relay.relay.status().clients.includes('a@one'));
    await world.settle(dist.close());
  });
});

test('half of what a closed realm takes is no start', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const { identity, realm, realmKey, membership } = member(world, 'a');
  for (const half of [{ realmKey }, { membership }])
    await expect(world.dialing([relay], 'a@one', { identity, realm, ...half })).rejects.toThrow(RpcError);
});
