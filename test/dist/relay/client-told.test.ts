/** What a client of dist relays tells of what has happened to it: to those who listen, and to the other end. */
import { expect, test } from 'vitest';
import { processOf, RelayWorld, type ClientPlace } from './relay-world.ts';

/** Events of its connections, with their reasons. */
const told = ({ log }: ClientPlace): readonly string[] =>
  log.flatMap(({ event, reason }) => {
    if (event === 'dist.relay_ready') return ['ready'];
    return event === 'dist.relay_lost' ? [`lost: ${String(reason)}`] : [];
  });

test('a client that is closed has lost no relay', async () => {
  const world = new RelayWorld();
  const a = await world.client([await world.relay()], 'a@one');
  await world.settle(a.client.close());
  expect(told(a)).toEqual(['ready']);
});

test.each(['endpoint', 'relay quic'])(
  'the %s of a client is killed: the relay was lost, for a reason',
  async (part) => {
    const world = new RelayWorld();
    const a = await world.client([await world.relay()], 'a@one');
    a.runtime.exit(processOf(a.runtime, part), 'kill');
    await world.until(() => told(a).length === 3);
    expect(told(a)).toEqual(['ready', expect.stringMatching(/^lost: .+/), 'ready']);
  },
);

test('both ends learn that they know another secret, whoever asks', async () => {
  const world = new RelayWorld();
  const relays = [await world.relay()];
  const a = await world.client(relays, 'a@one', { encryption: true, secret: 'monster' });
  const b = await world.client(relays, 'b@two', { encryption: true, secret: 'other' });
  for (const [from, to] of [
    [a, b],
    [b, a],
  ] as const) {
    expect(await world.failure(from.client.requestTunnel(to.name))).toBe('unproven');
    const refused = (): readonly unknown[] =>
      to.log.filter(({ event }) => event === 'dist.tunnel_refused').map(({ reason }) => reason);
    await world.until(() => refused().length > 0);
    expect([refused(), to.incoming]).toEqual([['unproven'], []]);
  }
});

test('who has no words for a node resets the tunnel that it has asked for, or was asked for', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const a = await world.client([relay], 'a@one');
  const failing = (): never => {
    throw new Error('no words');
  };
  const b = await world.client([relay], 'b@two', { encryption: true, secret: failing });
  expect(await world.failure(b.client.requestTunnel(a.name))).toBe('connection_error');
  await world.until(() => relay.relay.status().tunnels === 0);
  const { stream } = await world.settle(a.client.requestTunnel(b.name));
  await world.until(() => stream.destroyed);
  expect([relay.relay.status().tunnels, b.incoming]).toEqual([0, []]);
});

test('whose words for a node are none resets the tunnel, too: nothing is encrypted with half a secret, or asked of half a key', async () => {
  const world = new RelayWorld();
  const relay = await world.relay();
  const a = await world.client([relay], 'a@one', { encryption: true });
  const none = [
    { secret: () => Promise.resolve('later') as unknown as string },
    { secret: () => 42 as unknown as string },
    { keys: () => 'no key' },
  ];
  for (const [index, words] of none.entries()) {
    const b = await world.client([relay], `b${index}@two`, { encryption: true, ...words });
    expect(await world.failure(b.client.requestTunnel(a.name))).toBe('connection_error');
    expect(await world.failure(a.client.requestTunnel(b.name))).toBe('reset');
    expect([relay.relay.status().tunnels, b.incoming]).toEqual([0, []]);
  }
});
