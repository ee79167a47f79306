/**
 * Strangers and impostors in numbers: they get no more bytes than they sent, nobody is let in, nothing is left.
 */
import { randomBytes } from 'node:crypto';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import { systemRandom } from '../../src/actor/random.ts';
import { createIdentity, type Identity } from '../../src/identity/identity.ts';
import type { Endpoint } from '../../src/transport/transport.ts';
import { LinkRecorder } from '../transport/recorder.ts';
import { openSockets, quicBench, until } from '../net/quic-bench.ts';
import { RawPeer, RawSocket, type RawOptions } from '../net/quic-raw.ts';

const bench = quicBench();
const fresh = (wall: number = bench.clock.wall()): Identity => createIdentity(systemRandom, wall);
const credentials = ({ privateKey, certificate }: Identity): RawOptions => ({
  privateKey,
  certificates: [certificate],
});

let skew: number;
let endpoint: Endpoint;
let admitted: number;
let sockets: RawSocket[];

beforeEach(async () => {
  skew = 0;
  admitted = 0;
  sockets = [];
  endpoint = await bench.open({
    clock: { ...bench.clock, now: () => bench.clock.now() + skew },
    limits: { handshakeTimeout: 1_000 },
    onLink: () => {
      admitted++;
      return new LinkRecorder();
    },
  });
});

afterEach(async () => {
  await endpoint.close();
  for (const socket of sockets) await socket.close();
  bench.empty();
  await until(() => openSockets() === 0);
});

const socketOf = async (): Promise<RawSocket> => {
  const socket = await new RawSocket().bind();
  sockets.push(socket);
  return socket;
};

/** A dialer's first Initial, and its second with the token it was given; the second never left. */
async function initials(): Promise<{ first: Buffer; second: Buffer; socket: RawSocket }> {
  const peer = await RawPeer.dial(endpoint.local, credentials(fresh()));
  sockets.push(peer.socket);
  const out = Buffer.alloc(1_500);
  let second: Buffer | undefined;
  peer.socket.onDatagram = (bytes) => {
    peer.native.recv(bytes, { from: { host: 'fd00::b', port: 1 }, to: { host: 'fd00::a', port: 1 } });
    const sent = peer.native.send(out);
    if (sent !== null) second = Buffer.from(out.subarray(0, sent[0]));
  };
  const silent = await socketOf();
  const other = await RawPeer.dial(silent.address, credentials(fresh()));
  sockets.push(other.socket);
  await until(() => second !== undefined && silent.received.length > 0);
  peer.socket.onDatagram = () => undefined;
  return { first: silent.received[0]?.bytes as Buffer, second: second as Buffer, socket: peer.socket };
}

/** Where the destination id and the token of an Initial of ours lie: 20-byte ids, 2-byte token length. */
const DESTINATION = 6;
const TOKEN = 49;
const TOKEN_LENGTH = 86;

describe('10,000 Initials', () => {
  /** Each kind this often. */
  const EACH = 2_000;

  test('without, with random, forged, expired and foreign tokens: no more bytes out than in, no connection', async () => {
    const { first, second, socket } = await initials();
    const elsewhere = await socketOf();
    const expired = await initials();
    const before = endpoint.stats();
    const kinds: [string, RawSocket, (index: number) => Buffer][] = [
      ['missing', elsewhere, () => first],
      [
        'random',
        socket,
        () => {
          const copy = Buffer.from(second);
          randomBytes(TOKEN_LENGTH).copy(copy, TOKEN);
          return copy;
        },
      ],
      [
        'forged',
        socket,
        (index) => {
          const copy = Buffer.from(second);
          const at = index % 2 === 0 ? TOKEN + (index % TOKEN_LENGTH) : DESTINATION + (index % 20);
          copy[at] = (copy[at] ?? 0) ^ (1 << (index & 7));
          return copy;
        },
      ],
      ['of another port', elsewhere, () => second],
      ['expired', expired.socket, () => expired.second],
    ];
    const send = async (from: RawSocket, make: (index: number) => Buffer): Promise<void> => {
      const start = endpoint.stats().datagramsIn;
      for (let index = 0; index < EACH; index++) {
        from.send(make(index), endpoint.local);
        if (index % 50 === 49) await until(() => endpoint.stats().datagramsIn >= start + index * 0.9);
      }
      // all that arrived has been looked at
      for (let last = -1; last !== endpoint.stats().datagramsIn;) {
        last = endpoint.stats().datagramsIn;
        await bench.pass(100);
      }
    };
    for (const [kind, from, make] of kinds) {
      if (kind === 'expired') skew = 10_001;
      await send(from, make);
      const { links, halfOpen, bytesIn, bytesOut } = endpoint.stats();
      expect([kind, links, halfOpen, admitted]).toEqual([kind, 0, 0, 0]);
      expect(bytesOut - before.bytesOut).toBeLessThanOrEqual(bytesIn - before.bytesIn);
    }
    const { datagramsIn, bytesIn, bytesOut, dropped } = endpoint.stats();
    expect(datagramsIn - before.datagramsIn).toBeGreaterThan(0.7 * kinds.length * EACH);
    expect(dropped['token_invalid']).toBeGreaterThan(0.7 * 3 * EACH);
    expect(dropped['token_expired']).toBeGreaterThan(0.7 * EACH);
    console.log(`initials: ${bytesIn - before.bytesIn} bytes in, ${bytesOut - before.bytesOut} out`);
    // a token of one's own is still good
    skew = 0;
    const good = await initials();
    good.socket.send(good.second, endpoint.local);
    await until(() => endpoint.stats().links === 1);
  });
});

describe('1,000 bad handshakes', () => {
  const EACH = 167;
  const victim = fresh();
  const thief = fresh();
  const old = fresh(bench.clock.wall() - 20 * 31_557_600_000);
  const BAD: Record<string, RawOptions> = {
    'without a certificate': {},
    expired: credentials(old),
    'with a stolen certificate': { privateKey: thief.privateKey, certificates: [victim.certificate] },
    'for another protocol': { ...credentials(thief), protocol: 'h3' },
    'for another node': credentials(thief),
    truncated: credentials(thief),
  };

  test('of six kinds: nobody is admitted, no link, timer or socket is left', async () => {
    const other = await bench.open({ onLink: () => (admitted++, new LinkRecorder()) });
    let failed = 0;
    for (const [kind, options] of Object.entries(BAD))
      for (let round = 0; round < EACH; round++) {
        if (kind === 'for another node') {
          // we are the dialer here, and the node is not the one we asked for
          const here = new LinkRecorder();
          const { local } = await listening();
          here.link = other.dial({ address: local, protocol: 'macula', expectedId: victim.nodeId }, here);
          await until(() => here.closed.length > 0);
          expect(here.closed).toMatchObject([{ tag: 'handshake_failed', code: 298, by: 'local' }]);
          expect(here.opened).toBe(0);
          failed++;
          continue;
        }
        const peer = await RawPeer.dial(endpoint.local, options);
        if (kind === 'truncated') cutShort(peer, 1 + (round % 3));
        else {
          expect(await peer.refusal()).not.toBe(0);
          failed++;
        }
        await (kind === 'truncated' ? undefined : peer.socket.close());
        if (kind === 'truncated') sockets.push(peer.socket);
      }
    await until(() => endpoint.stats().links === 0 && endpoint.stats().halfOpen === 0);
    await until(() => other.stats().links === 0);
    expect([failed, admitted]).toEqual([5 * EACH, 0]);
    expect([...endpoint.links, ...other.links]).toEqual([]);
    await other.close();
    for (const listener of listeners.splice(0)) await listener.close();
  });

  const listeners: Endpoint[] = [];
  /** One listener for all: whom it is asked for is the dialer's business. */
  async function listening(): Promise<Endpoint> {
    if (listeners.length === 0) listeners.push(await bench.open({ onLink: () => new LinkRecorder() }));
    return listeners[0] as Endpoint;
  }

  /** Sends so many datagrams of its handshake and no more. */
  function cutShort(peer: RawPeer, datagrams: number): void {
    let sent = 1;
    const send = peer.socket.send.bind(peer.socket);
    peer.socket.send = (bytes, to) => {
      if (sent++ < datagrams) send(bytes, to);
    };
  }
});
