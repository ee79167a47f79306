/** What a dist relay and its clients do: the scenarios of `test/vectors/dist-relay-control.json`, and the life of seed 003. */
import { describe, expect, test } from 'vitest';
import { Drain, RelayWorld } from './relay-world.ts';

describe('scenarios of dist-relay-control', () => {
  test('behaviour: identify', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    expect(relay.relay.status().clients).toEqual(['a@one']);
    expect(a.client.status()).toMatchObject({ identified: true, nodeName: 'a@one', activeRelay: relay.url });
  });

  test.each([false, true])('behaviour: round trip (encrypted: %s)', async (encryption) => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one', { encryption });
    const b = await world.client([relay], 'b@two', { encryption });
    const { near, far } = await world.tunnel(a, b);
    expect([near.peer, far.peer, near.tunnelId]).toEqual(['b@two', 'a@one', far.tunnelId]);
    const [atA, atB] = [new Drain(near.stream), new Drain(far.stream)];
    near.stream.end('ping');
    far.stream.end('pong');
    await world.until(() => atA.closed && atB.closed);
    expect([atA.text, atB.text, atA.ended, atB.ended]).toEqual(['pong', 'ping', true, true]);
    await world.clock.advance(100);
    expect(relay.relay.status().tunnels).toBe(0);
  });
});
