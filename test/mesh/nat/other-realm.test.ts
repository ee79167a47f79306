/** Nobody gets into a realm through its station from another one: nothing is registered, relayed or kept for him. */
import { describe, expect, test } from 'vitest';
import { procedureKey } from '../../../src/mesh/dht/record.ts';
import { shared } from '../../../src/mesh/context.ts';
import { CloseCode } from '../../../src/transport/transport.ts';
import { closeAtEnd, contextOf, told } from '../../mesh-world.ts';
import { signedBy } from '../dht/signed.ts';
import { frame, rawPeer } from '../raw-peer.ts';
import { natWorld } from './nat-world.ts';

const NAME = 'weather.forecast';
const KEY = procedureKey(NAME);
const WORDS = { code: 'unauthorized', message: 'this node serves another realm' };

describe('of another realm', () => {
  test('a peer is refused with words; what it registers and wants relayed in the same breath comes to nothing', async () => {
    const { world, station, behind } = await natWorld('realm-hello');
    const bob = await behind('bob', 'sym');
    const before = contextOf(bob).relays.own.size;
    const mallory = await (await rawPeer(world, station, 'mallory')).opened();
    mallory.openChannels();
    const { control, dht } = mallory.channels;
    const target_id = new Uint8Array(Buffer.from(bob.id, 'hex'));
    control.stream.write(
      Buffer.concat([
        mallory.connectFrame({ realm: 'other', capabilities: ['rpc', 'node', 'station'] }),
        frame('register_procedure', { request_id: mallory.id(), procedure: NAME }),
        frame('relay_request', { session_id: mallory.id(), target_id }),
      ]),
    );
    const value = signedBy(mallory.identity, { key: KEY, issuedAt: world.clock.wall() });
    dht.send('store', { type: 'store', request_id: mallory.id(), key: KEY, value });
    await world.clock.until(() => mallory.closes.length > 0);
    await world.clock.advance(1_000);
    expect(mallory.closeCode).toBe(CloseCode.refused);
    expect(control.frames.map(({ payload }) => payload)).toEqual([WORDS]);
    expect([mallory.accepted, dht.frames.length]).toEqual([false, 0]);
    expect(contextOf(station).standings.ready(Buffer.from(mallory.identity.nodeId).toString('hex'))).toBe(
      undefined,
    );
    expect(shared(contextOf(station), 'serviceRegistry')?.providers(NAME)).toEqual([]);
    expect(contextOf(station).relays.passed?.stats.sessions).toBe(0);
    expect(contextOf(bob).relays.own.size).toBe(before);
    expect(told(await world.settle(bob.tryCall(NAME)))).toBe('service_not_found');
  });

  test('a client is told so, and a node never attaches', async () => {
    const { world, station, behind } = await natWorld('realm-client');
    expect(await world.failure(world.dial(station, { realm: 'other' }))).toMatchObject({
      tag: 'unauthorized',
      detail: WORDS.message,
    });
    const stranger = await world.node({ realm: 'other', stations: [station.url] });
    closeAtEnd(world, stranger);
    await world.settle(stranger.advertise(NAME, () => 'theirs'));
    await world.clock.advance(30_000);
    expect(contextOf(stranger).relays.attached).toEqual([]);
    const bob = await behind('bob', 'sym');
    expect(told(await world.settle(bob.tryCall(NAME)))).toBe('service_not_found');
  });

  test('calls and records are refused to a member too, and no provider is asked', async () => {
    const { world, station } = await natWorld('realm-member');
    let asked = 0;
    const carl = await world.client(station);
    closeAtEnd(world, carl);
    await world.settle(carl.advertise(NAME, () => ++asked));
    const mallory = await (
      await rawPeer(world, station, 'mallory')
    ).greeted({ capabilities: ['rpc', 'node', 'dht'] });
    const { rpc, dht } = mallory.channels;
    rpc.send('call', mallory.call(NAME, { realm: 'other' }));
    const value = signedBy(mallory.identity, { key: KEY, realm: 'other', issuedAt: world.clock.wall() });
    dht.send('store', { type: 'store', request_id: mallory.id(), key: KEY, value });
    await world.clock.advance(100);
    expect(rpc.of('reply').map(({ error }) => error?.code)).toEqual(['unauthorized']);
    expect(dht.of('store_reply').map(({ error }) => error)).toEqual([
      expect.objectContaining({ code: 'unauthorized' }),
    ]);
    expect(asked).toBe(0);
    rpc.send('call', mallory.call(NAME));
    await world.clock.advance(100);
    expect(asked).toBe(1);
  });
});
