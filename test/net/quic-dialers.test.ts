/**
 * Sockets that take dialers only through the sessions of relays, with real QUIC: whoever comes directly gets no word.
 */
import { afterEach, describe, expect, test } from 'vitest';

import type { Endpoint, EndpointOptions, PhysicalAddress } from '../../src/transport/transport.ts';
import { barrier, LinkRecorder } from '../transport/recorder.ts';
import { quicBench, until } from './quic-bench.ts';
import { RawSocket } from './quic-raw.ts';
import { active, relayBench, type RelayBench } from './quic-relay-bench.ts';

const bench = quicBench();
let net: RelayBench | undefined;
let strangers: Endpoint[] = [];
let socket: RawSocket | undefined;

afterEach(async () => {
  for (const stranger of strangers) await stranger.close();
  await net?.close();
  await socket?.close();
  strangers = [];
  net = undefined;
  socket = undefined;
  bench.empty();
});

/** A, a station, and B, which takes dialers from there. */
async function staged(dialers: EndpointOptions['dialers']): Promise<RelayBench> {
  net = await relayBench(bench, undefined, dialers === undefined ? {} : { dialers });
  return net;
}

/** Somebody with a short patience, and what becomes of it. */
async function stranger(address: PhysicalAddress): Promise<LinkRecorder> {
  const endpoint = await bench.open({ limits: { handshakeTimeout: 500 } });
  strangers.push(endpoint);
  const here = new LinkRecorder();
  here.link = endpoint.dial({ address, protocol: 'macula' }, here);
  await until(() => here.isOpen || here.closed.length > 0);
  return here;
}

const notAccepted = ({ b }: RelayBench): number => b.stats().dropped['not_accepting'] ?? 0;

describe('a socket whose dialers come through relays only', () => {
  test('refuses one that comes directly, with not a word to it', async () => {
    const stage = await staged('relays');
    const here = await stranger(stage.b.local);
    expect(here.closed).toEqual([{ tag: 'handshake_timeout' }]);
    expect(here.link.stats().arrivals).toBe(0);
    expect(notAccepted(stage)).toBeGreaterThan(0);
    expect(stage.inbound).toEqual([]);
  });

  test('takes one that comes through a session that is open there, and it carries streams', async () => {
    const stage = await staged('relays');
    const link = await stage.connect();
    expect(link.there.link.observed).toEqual(stage.toA);
    await barrier(bench, link);
    expect(notAccepted(stage)).toBe(0);
  });

  test('keeps a link that came through a relay when that finds a direct path', async () => {
    const stage = await staged('relays');
    const link = await stage.connect();
    link.here.link.offerPath('direct', stage.b.local);
    link.there.link.offerPath('direct', stage.a.local);
    await until(() => active(link.here)?.kind === 'direct' && active(link.there)?.kind === 'direct');
    await barrier(bench, link);
    expect([link.there.closed, notAccepted(stage)]).toEqual([[], 0]);
  });

  test.each([
    ['relays', 0],
    ['anywhere', 2],
  ] as const)(
    'dialers from %s: who speaks another version, or of a link that is unknown, gets %d answers',
    async (dialers, answers) => {
      const { b } = await staged(dialers);
      const asking = await new RawSocket().bind();
      socket = asking;
      // a long header of a version that nobody has, and a short one
      const version = Buffer.alloc(1_200);
      version.set([0xc0, 0x0a, 0x0a, 0x0a, 0x0b, 20]);
      version[26] = 20;
      const unknown = Buffer.alloc(100, 0x5a);
      unknown[0] = 0x40;
      asking.send(version, b.local);
      asking.send(unknown, b.local);
      const dropped = (reason: string): number => b.stats().dropped[reason] ?? 0;
      await until(() => dropped('unknown_version') === 1 && dropped('unknown_connection') === 1);
      // what it was answered has come before this
      const last = Buffer.of(4, 5, 6);
      b.sendRaw(asking.address, last);
      await until(() => asking.received.some(({ bytes }) => bytes.equals(last)));
      expect(asking.received).toHaveLength(answers + 1);
    },
  );
});

test.each([undefined, 'anywhere'] as const)(
  'a socket whose dialers come from %s takes those that come directly, and through a relay',
  async (dialers) => {
    const stage = await staged(dialers);
    const here = await stranger(stage.b.local);
    await until(() => stage.inbound[0]?.isOpen === true);
    expect(here.isOpen).toBe(true);
    await stage.connect();
    expect([stage.inbound.length, notAccepted(stage)]).toEqual([2, 0]);
  },
);
