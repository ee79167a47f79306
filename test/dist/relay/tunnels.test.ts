/** What a dist relay and its clients do: the scenarios of `test/vectors/dist-relay-control.json`, and the life of seed 003. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { IncomingTunnel } from '../../../src/dist/relay/client/client-tunnel.ts';
import { startServer, type GenServer } from '../../../src/otp/gen-server.ts';
import { noReply } from '../../../src/otp/result.ts';
import { ResetCode } from '../../../src/transport/transport.ts';
import { STYLES, type RawEnd, type RawStream } from './raw-end.ts';
import { Drain, labelsOf, processOf, RelayWorld, type ClientPlace } from './relay-world.ts';

const ID = '0123456789ABCDEF0123456789ABCDEF';

/** A client at a relay that does what the test says, and its end there. */
async function atRawRelay(): Promise<{ world: RelayWorld; a: ClientPlace; end: RawEnd }> {
  const world = new RelayWorld();
  const relay = await world.rawRelay();
  relay.onEnd = (end) => {
    end.answer = ({ type }) => type === 'identify' && end.say({ type: 'identified', status: 'ok' });
  };
  const a = await world.client([relay], 'a@one');
  return { world, a, end: relay.ends[0] as RawEnd };
}

/** A stream from the relay, written in pieces, each in a packet of its own. */
async function streamFrom(world: RelayWorld, end: RawEnd, ...pieces: readonly string[]): Promise<RawStream> {
  const raw = end.open();
  if (raw === undefined) throw new Error('no stream');
  for (const piece of pieces) {
    raw.write(piece);
    await world.clock.advance(3);
  }
  return raw;
}

describe('scenarios of dist-relay-control', () => {
  test('behaviour: identify', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    expect(relay.relay.status().clients).toEqual(['a@one']);
    expect(a.client.status()).toMatchObject({ identified: true, nodeName: 'a@one', activeRelay: relay.url });
    expect(labelsOf(relay.runtime)).toContain('client a@one');
  });

  test.each([false, true])('behaviour: round trip (encrypted: %s)', async (encryption) => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one', { encryption });
    const b = await world.client([relay], 'b@two', { encryption });
    const { near, far } = await world.tunnel(a, b);
    expect([near.peer, far.peer, near.tunnelId]).toEqual(['b@two', 'a@one', far.tunnelId]);
    expect([near.peerId === undefined, far.peerId === undefined]).toEqual([!encryption, !encryption]);
    const [atA, atB] = [new Drain(near.stream), new Drain(far.stream)];
    near.stream.write('ping');
    far.stream.write('pong');
    await world.until(() => atA.length === 4 && atB.length === 4);
    expect([atA.text, atB.text]).toEqual(['pong', 'ping']);
  });

  test('behaviour: unknown target', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const before = world.clock.now();
    expect(await world.failure(a.client.requestTunnel('b@two'))).toBe('target_not_connected');
    expect(world.clock.now() - before).toBeLessThan(10);
    expect(relay.relay.status().tunnels).toBe(0);
  });

  test('behaviour: request before identify', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    await world.client([relay], 'b@two');
    for (const style of Object.values(STYLES)) {
      const raw = await world.raw(relay, { style });
      raw.say({ type: 'tunnel_request', target: 'b@two' });
      await world.clock.advance(10);
      expect(raw.received).toEqual([{ type: 'tunnel_error', reason: 'not_identified' }]);
    }
    expect(relay.relay.status()).toMatchObject({ clients: ['b@two'], tunnels: 0 });
  });

  test('behaviour: request before identify, at the client', async () => {
    const world = new RelayWorld();
    const relay = await world.rawRelay();
    const a = await world.dialing([relay], 'a@one');
    const before = world.clock.now();
    expect(await world.failure(a.client.requestTunnel('b@two', { wait: false }))).toBe('not_identified');
    expect(world.clock.now() - before).toBeLessThan(10);
    const waiting = a.client.requestTunnel('b@two', { timeout: 500 });
    expect(await world.failure(waiting)).toBe('timeout');
    expect(world.clock.now() - before).toBeGreaterThanOrEqual(500);
  });

  test('behaviour: prefix split, at each of its bytes', async () => {
    const { world, a, end } = await atRawRelay();
    for (let at = 1; at < 32; at++) {
      const id = ID.slice(0, 30) + at.toString(16).toUpperCase().padStart(2, '0');
      end.say({ type: 'tunnel_notify', tunnel_id: id, source: 'b@two' });
      await streamFrom(world, end, id.slice(0, at), id.slice(at), 'payload');
      const tunnel = a.incoming.at(-1) as IncomingTunnel;
      expect(tunnel.tunnelId).toBe(id);
      const drain = new Drain(tunnel.stream);
      await world.until(() => drain.text === 'payload');
    }
    expect(a.incoming).toHaveLength(31);
  });

  test('behaviour: prefix plus payload, cut at each byte and not at all', async () => {
    const { world, a, end } = await atRawRelay();
    for (let at = 0; at <= 32; at++) {
      const id = ID.slice(0, 30) + at.toString(16).toUpperCase().padStart(2, '0');
      const all = `${id}payload`;
      end.say({ type: 'tunnel_notify', tunnel_id: id, source: 'b@two' });
      await streamFrom(world, end, ...[all.slice(0, at), all.slice(at)].filter((piece) => piece !== ''));
      const drain = new Drain((a.incoming.at(-1) as IncomingTunnel).stream);
      await world.until(() => drain.text === 'payload');
    }
    expect(a.incoming).toHaveLength(33);
  });

  test('behaviour: stream before tunnel_ok', async () => {
    const { world, a, end } = await atRawRelay();
    const asked = a.client.requestTunnel('b@two');
    await world.until(() => end.told('tunnel_request').length === 1);
    await streamFrom(world, end, `${ID}early`, ' and more');
    expect(a.client.status()).toMatchObject({ unidentifiedStreams: 1, pendingOutbound: 1 });
    end.say({ type: 'tunnel_ok', tunnel_id: ID });
    const tunnel = await world.settle(asked);
    const drain = new Drain(tunnel.stream);
    await world.until(() => drain.text === 'early and more');
    expect(a.client.status()).toMatchObject({
      unidentifiedStreams: 0,
      pendingOutbound: 0,
      activeTunnels: 1,
    });
  });

  test('behaviour: stream before tunnel_ok, for a tunnel that another node opens', async () => {
    const { world, a, end } = await atRawRelay();
    await streamFrom(world, end, `${ID}early`, ' and more');
    expect(a.client.status().unidentifiedStreams).toBe(1);
    end.say({ type: 'tunnel_notify', tunnel_id: ID, source: 'b@two' });
    await world.until(() => a.incoming.length === 1);
    const drain = new Drain((a.incoming[0] as IncomingTunnel).stream);
    await world.until(() => drain.text === 'early and more');
  });

  test('behaviour: stream after tunnel_ok', async () => {
    const { world, a, end } = await atRawRelay();
    const asked = a.client.requestTunnel('b@two');
    await world.until(() => end.told('tunnel_request').length === 1);
    end.say({ type: 'tunnel_ok', tunnel_id: ID });
    await world.clock.advance(1_000);
    const raw = await streamFrom(world, end, ID, 'late');
    const tunnel = await world.settle(asked);
    expect([tunnel.tunnelId, tunnel.peer]).toEqual([ID, 'b@two']);
    const drain = new Drain(tunnel.stream);
    tunnel.stream.write('back');
    await world.until(() => drain.text === 'late' && raw.bytes.toString() === 'back');
  });

  test('behaviour: mutual dial', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const b = await world.client([relay], 'b@two');
    const both = Promise.all([a.client.requestTunnel('b@two'), b.client.requestTunnel('a@one')]);
    const [ofA, ofB] = await world.settle(both, 100);
    await world.until(() => a.incoming.length === 1 && b.incoming.length === 1);
    expect(ofA.tunnelId).not.toBe(ofB.tunnelId);
    const [atA, atB] = [a, b].map(({ incoming }) => new Drain((incoming[0] as IncomingTunnel).stream));
    ofA.stream.write('from a');
    ofB.stream.write('from b');
    await world.until(() => atA?.text === 'from b' && atB?.text === 'from a');
    expect(relay.relay.status().tunnels).toBe(2);
  });

  test('behaviour: late termination', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const identity = world.identity('a');
    const old = await world.known(relay, 'a@one', { identity });
    const link = old.link as NonNullable<typeof old.link>;
    // the old one's end is noticed late, if at all
    world.network.faults.cutLink(link);
    const young = await world.known(relay, 'a@one', { identity });
    expect(young.told('identified')).toHaveLength(1);
    world.network.faults.healLink(link);
    link.close(0);
    await world.clock.advance(20_000);
    expect(relay.relay.status().clients).toEqual(['a@one']);
    const b = await world.known(relay, 'b@two');
    b.say({ type: 'tunnel_request', target: 'a@one' });
    await world.until(() => young.told('tunnel_notify').length === 1);
  });

  test('behaviour: dead handler', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.known(relay, 'a@one');
    const b = await world.known(relay, 'b@two');
    relay.runtime.exit(processOf(relay.runtime, 'client a@one'), 'kill');
    await world.clock.advance(10);
    expect(a.closed).toMatchObject({ tag: 'remote' });
    expect(relay.relay.status().clients).toEqual(['b@two']);
    b.say({ type: 'tunnel_request', target: 'a@one' });
    await world.clock.advance(10);
    expect(b.told('tunnel_error')).toEqual([{ type: 'tunnel_error', reason: 'target_not_connected' }]);
  });

  test('behaviour: unregister', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const b = await world.client([relay], 'b@two');
    await world.settle(a.client.close());
    await world.clock.advance(10);
    expect(relay.relay.status().clients).toEqual(['b@two']);
    expect(await world.failure(b.client.requestTunnel('a@one'))).toBe('target_not_connected');
  });

  test('behaviour: second identify under a name that is held, by the same key', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const identity = world.identity('a');
    const old = await world.known(relay, 'a@one', { identity });
    const young = await world.known(relay, 'a@one', { identity });
    await world.clock.advance(10);
    expect(young.told('identified')).toHaveLength(1);
    // duplicate
    expect(old.closed).toEqual({ tag: 'remote', code: 2, reason: 'replaced' });
    expect(relay.relay.status().clients).toEqual(['a@one']);
  });

  test('behaviour: second identify under a name that is held, by another key', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.known(relay, 'a@one');
    const b = await world.known(relay, 'b@two');
    const thief = await world.known(relay, 'a@one');
    expect(thief.told('identified')).toEqual([]);
    expect(thief.told('refused')).toEqual([{ type: 'refused', reason: 'name_taken' }]);
    expect(thief.closed).toEqual({ tag: 'remote', code: 4, reason: 'name_taken' });
    await world.clock.advance(10_000);
    expect(a.closed).toBeUndefined();
    b.say({ type: 'tunnel_request', target: 'a@one' });
    await world.until(() => a.told('tunnel_notify').length === 1);
  });
});

describe('a second identify on one connection', () => {
  test('replaces its own first name, and keeps its tunnels', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.known(relay, 'a@one');
    const b = await world.known(relay, 'b@two');
    a.say({ type: 'tunnel_request', target: 'b@two' });
    await world.until(() => a.streams.length === 1 && b.streams.length === 1);
    a.say({ type: 'identify', node_name: 'c@three' });
    await world.clock.advance(10);
    expect(relay.relay.status().clients.toSorted()).toEqual(['b@two', 'c@three']);
    a.streams[0]?.write('still there');
    await world.until(() => b.streams[0]?.text === 'still there');
  });
});

describe('a client that others wrote', () => {
  test.each(Object.entries(STYLES))('%s: is answered in kind', async (_name, style) => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.known(relay, 'a@one', { style });
    const b = await world.client([relay], 'b@two');
    a.say({ type: 'tunnel_request', target: 'b@two' });
    await world.until(() => a.streams.length === 1 && b.incoming.length === 1);
    const [tunnel] = b.incoming;
    const drain = new Drain((tunnel as IncomingTunnel).stream);
    a.streams[0]?.write('raw', true);
    await world.until(() => drain.text === 'raw' && drain.ended);
    const back = world.settle(b.client.requestTunnel('a@one'));
    await world.until(() => a.told('tunnel_notify').length === 1);
    await back;
    expect(a.told('identified')).toEqual([{ type: 'identified', status: 'ok' }]);
    expect(Object.keys(a.told('tunnel_ok')[0] ?? {}).toSorted()).toEqual(['tunnel_id', 'type']);
    for (const used of a.styles) expect(used).toEqual(style);
  });

  test.each(Object.entries(STYLES))(
    '%s: gets the answers in the order of its requests',
    async (_name, style) => {
      const world = new RelayWorld();
      const relay = await world.relay();
      const a = await world.known(relay, 'a@one', { style });
      await world.known(relay, 'b@two');
      await world.known(relay, 'c@three');
      for (const target of ['b@two', 'nobody@here', 'c@three', 'a@one'])
        a.say({ type: 'tunnel_request', target });
      await world.until(() => a.received.length === 5);
      expect(a.received.slice(1).map(({ type }) => type)).toEqual([
        'tunnel_ok',
        'tunnel_error',
        'tunnel_ok',
        'tunnel_error',
      ]);
    },
  );
});

describe('the life of seed 003', () => {
  test('start, identify, request, bytes, close: and at the other end notify, prefix, hand-off to a process', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const b = await world.client([relay], 'b@two');
    const handed: IncomingTunnel[] = [];
    const kernel: GenServer<undefined, null> = {
      init: () => null,
      handleInfo: (message, state) => {
        if (message instanceof IncomingTunnel) handed.push(message);
        return noReply(state);
      },
    };
    const ref = await startServer(b.runtime, kernel, undefined);
    b.client.setKernel(ref.pid);
    const near = await world.settle(a.client.requestTunnel('b@two'));
    await world.until(() => handed.length === 1);
    const [far] = handed as [IncomingTunnel];
    const [atA, atB] = [new Drain(near.stream), new Drain(far.stream)];
    far.stream.pipe(far.stream);
    near.stream.write('there and back');
    await world.until(() => atA.text === 'there and back');
    expect(a.client.status().activeTunnels).toBe(1);
    a.client.closeTunnel(near.tunnelId);
    await world.until(() => atA.closed && atB.closed);
    expect([atA.failure, atB.failure]).toEqual(['closed', 'reset']);
    await world.clock.advance(10);
    for (const { client } of [a, b]) expect(client.status().activeTunnels).toBe(0);
    expect(relay.relay.status()).toMatchObject({ tunnels: 0, clients: ['a@one', 'b@two'] });
  });

  test('without anybody who takes them tunnels of others are refused', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const b = await world.client([relay], 'b@two');
    b.client.setKernel(undefined);
    const raw = await world.known(relay, 'c@three');
    raw.say({ type: 'tunnel_request', target: 'b@two' });
    await world.until(() => raw.streams[0]?.code !== undefined);
    expect(raw.streams[0]?.code).toBe(ResetCode.notAccepted);
    const near = await world.settle(a.client.requestTunnel('b@two'));
    const drain = new Drain(near.stream);
    await world.until(() => drain.closed);
    expect(drain.failure).toBe('reset');
    expect(relay.relay.status().tunnels).toBe(0);
  });

  test('a kernel that is dead, throws, or rejects, costs the tunnel and nothing else', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const b = await world.client([relay], 'b@two');
    const dead: GenServer<undefined, null> = { init: () => null };
    const ref = await startServer(b.runtime, dead, undefined);
    b.runtime.exit(ref.pid as Process, 'kill');
    await world.clock.settle();
    for (const kernel of [
      ref.pid,
      (): void => {
        throw new Error('no');
      },
      async (): Promise<void> => {
        await Promise.resolve();
        throw new Error('no');
      },
    ]) {
      b.client.setKernel(kernel);
      const drain = new Drain((await world.settle(a.client.requestTunnel('b@two'))).stream);
      await world.until(() => drain.closed);
    }
    b.client.setKernel((tunnel) => void b.incoming.push(tunnel));
    await world.tunnel(a, b);
    expect(relay.relay.status().tunnels).toBe(1);
  });

  test('a target that no control frame can name is refused at once, and costs the others nothing', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    const b = await world.client([relay], 'b@two');
    const none = ['', 'x'.repeat(256), 'é'.repeat(128), 'b@t\nwo', 'b@two\0', '\ud800'];
    for (let round = 0; round < 12; round++)
      for (const target of none)
        expect(await world.failure(a.client.requestTunnel(target, { timeout: 100 }))).toBeInstanceOf(
          RangeError,
        );
    expect(relay.relay.status().skipped).toBe(0);
    await world.tunnel(a, b);
    expect(await world.failure(a.client.requestTunnel('x'.repeat(255)))).toBe('target_not_connected');
  });

  test('a target may be named by the part before the @ where no two have the same', async () => {
    const world = new RelayWorld();
    const relay = await world.relay();
    const a = await world.client([relay], 'a@one');
    await world.client([relay], 'b@two');
    const { peer } = await world.settle(a.client.requestTunnel('b'));
    expect(peer).toBe('b@two');
    await world.client([relay], 'b@three');
    expect(await world.failure(a.client.requestTunnel('b'))).toBe('refused');
  });
});
