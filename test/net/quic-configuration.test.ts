/**
 * What our endpoints really announce and do, seen from the other side of a real handshake.
 */
import type { Connection } from '@matrixai/quic/native/types.js';
import { afterEach, describe, expect, test } from 'vitest';

import { systemRandom } from '../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import { quicTransport } from '../../src/transport/quic/transport.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { LinkRecorder } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { quiche, RawPeer, type RawOptions } from './quic-raw.ts';

const bench = quicBench();
const fresh = (): Identity => createIdentity(systemRandom, bench.clock.wall());
const credentials = ({ privateKey, certificate }: Identity): RawOptions => ({
  privateKey,
  certificates: [certificate],
});

let endpoint: Endpoint | undefined;
let peer: RawPeer | undefined;

afterEach(async () => {
  await endpoint?.close();
  await peer?.socket.close();
  endpoint = undefined;
  peer = undefined;
  bench.empty();
});

const ANNOUNCED = {
  peerMaxIdleTimeout: 10_000,
  peerMaxUdpPayloadSize: 65_527,
  peerInitialMaxData: 1_048_576,
  peerInitialMaxStreamDataBidiLocal: 262_144,
  peerInitialMaxStreamDataBidiRemote: 262_144,
  peerInitialMaxStreamDataUni: 0,
  peerInitialMaxStreamsBidi: 103,
  peerInitialMaxStreamsUni: 0,
  peerDisableActiveMigration: true,
  peerActiveConnIdLimit: 2,
};

describe('effective configuration', () => {
  test('an acceptor announces the settled values, and no DATAGRAM frames', async () => {
    endpoint = await bench.open({ onLink: () => new LinkRecorder() });
    peer = await RawPeer.dial(endpoint.local, credentials(fresh()));
    await peer.established();
    const stats = peer.native.stats();
    expect(stats).toMatchObject(ANNOUNCED);
    expect(stats.peerMaxDatagramFrameSize).toBeUndefined();
    expect(peer.native.dgramMaxWritableLen()).toBeNull();
    expect(Buffer.from(peer.native.applicationProto()).toString()).toBe('macula');
  });

  test('a dialer announces the same values, asks for a certificate and shows its own', async () => {
    const identity = fresh();
    endpoint = await bench.open({ identity });
    const listener = await RawPeer.listen(credentials(fresh()));
    const here = new LinkRecorder();
    endpoint.dial({ address: listener.address, protocol: 'macula-dist' }, here);
    peer = await listener.peer;
    const { native } = peer;
    await until(() => here.closed.length > 0 || native.isEstablished());
    // The raw peer speaks `macula` only.
    expect(here.closed).toMatchObject([{ tag: 'handshake_failed', code: 376, by: 'remote' }]);
    await peer.socket.close();

    const second = await RawPeer.listen(credentials(fresh()));
    const again = new LinkRecorder();
    again.link = endpoint.dial({ address: second.address, protocol: 'macula' }, again);
    peer = await second.peer;
    await peer.established();
    await until(() => again.isOpen);
    expect(peer.native.stats()).toMatchObject(ANNOUNCED);
    expect(peer.native.peerCertChain()?.map((der) => Buffer.from(der))).toEqual([
      Buffer.from(identity.certificate),
    ]);
  });

  test('of every connection between two endpoints, dialed and accepted, in turn and at once, is the settled one', async () => {
    const natives: Connection[] = [];
    const kept = <Args extends unknown[]>(make: (...args: Args) => Connection) => {
      return (...args: Args): Connection => {
        const native = make(...args);
        natives.push(native);
        return native;
      };
    };
    const connect = quiche.Connection.connect.bind(quiche.Connection);
    const accept = quiche.Connection.accept.bind(quiche.Connection);
    const binding = Object.create(quiche, {
      Connection: { value: { connect: kept(connect), accept: kept(accept) } },
    }) as typeof quiche;
    const transport = quicTransport(() => Promise.resolve({ default: binding }));
    const inbound: LinkRecorder[] = [];
    const open = (): Promise<Endpoint> =>
      transport.open({
        clock: bench.clock,
        random: systemRandom,
        identity: fresh(),
        accept: ['macula', 'macula-dist'],
        onLink: () => {
          inbound.push(new LinkRecorder());
          return inbound.at(-1) as LinkRecorder;
        },
      });
    const [a, b] = [await open(), await open()];
    const links = Array.from({ length: 40 }, (_, index) => {
      const [from, to] = index % 2 === 0 ? [a, b] : [b, a];
      const recorder = new LinkRecorder();
      recorder.link = from.dial(
        { address: to.local, protocol: index % 3 === 0 ? 'macula-dist' : 'macula' },
        recorder,
      );
      return recorder;
    });
    await until(() => [...links, ...inbound].filter(({ isOpen }) => isOpen).length === 80);
    expect(natives).toHaveLength(80);
    for (const native of natives) {
      expect(native.stats()).toMatchObject(ANNOUNCED);
      expect(native.dgramMaxWritableLen()).toBeNull();
      expect([native.isInEarlyData(), native.isResumed(), native.peerCertChain()?.length]).toEqual([
        false,
        false,
        1,
      ]);
    }
    await a.close();
    await b.close();
  });

  test('the options of an endpoint are what it announces', async () => {
    endpoint = await bench.open({
      onLink: () => new LinkRecorder(),
      limits: { idleTimeout: 6_000, streams: 7 },
    });
    peer = await RawPeer.dial(endpoint.local, credentials(fresh()));
    await peer.established();
    expect(peer.native.stats()).toMatchObject({ peerMaxIdleTimeout: 6_000, peerInitialMaxStreamsBidi: 10 });
  });

  test('early data is off, and a resumed session is refused: it would not show its key again', async () => {
    const inbound: LinkRecorder[] = [];
    endpoint = await bench.open({
      onLink: () => {
        const recorder = new LinkRecorder();
        inbound.push(recorder);
        return recorder;
      },
    });
    const options = credentials(fresh());
    peer = await RawPeer.dial(endpoint.local, options);
    await peer.established();
    const { native } = peer;
    await until(() => native.session() !== null && inbound.length === 1);
    const session = native.session();
    await peer.socket.close();
    peer = await RawPeer.dial(endpoint.local, options, session ?? undefined);
    expect(peer.native.isInEarlyData()).toBe(false);
    await peer.established();
    expect(peer.native.isResumed()).toBe(true);
    expect(await peer.refusal()).toBe(298);
    expect(inbound).toHaveLength(1);
  });

  test('datagrams on loopback are larger than 1,350 bytes and never above 16,384', async () => {
    const recorder = new LinkRecorder();
    endpoint = await bench.open({
      onLink: (link) => {
        recorder.link = link;
        return recorder;
      },
    });
    peer = await RawPeer.dial(endpoint.local, credentials(fresh()));
    await until(() => recorder.isOpen);
    recorder.open().stream.write(new Uint8Array(200_000), true);
    const { socket } = peer;
    await until(() => socket.bytesReceived > 100_000);
    const largest = Math.max(...socket.received.map(({ bytes }) => bytes.length));
    expect(largest).toBeGreaterThan(1_350);
    expect(largest).toBeLessThanOrEqual(16_384);
  });
});
