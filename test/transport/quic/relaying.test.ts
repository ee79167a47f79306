/** Relayed datagrams: for links here, for others, or for nobody yet; each with its bound. */
import { beforeEach, describe, expect, test } from 'vitest';

import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.ts';
import {
  EARLY,
  Early,
  MAX_EARLY,
  MAX_EARLY_PER_SESSION,
  MAX_EARLY_PER_SOURCE,
} from '../../../src/transport/quic/early.ts';
import { KnownSources } from '../../../src/transport/quic/known-sources.ts';
import { MAX_SESSIONS, RelayedWays } from '../../../src/transport/quic/relayed-ways.ts';
import { MAX_RELAYED, Relaying, type RelayingHost } from '../../../src/transport/quic/relaying.ts';
import type { Forwarder, Link, PhysicalAddress } from '../../../src/transport/transport.ts';
import { relayedAddress, tlsAddress } from '../../../src/transport/way.ts';

const STATION = { host: '192.0.2.1', port: 9_443 };
const CLIENT = { host: '192.0.2.7', port: 1_000 };
const STRANGER = { host: '198.51.100.9', port: 9 };
const SESSION = new Uint8Array(16).fill(0xaa);
const OTHER = new Uint8Array(16).fill(0xbb);
const via = { state: 'open', observed: STATION, proven: STATION, paths: [] } as unknown as Link;

const source = ({ host, port }: PhysicalAddress): { address: string; port: number } => ({
  address: host,
  port,
});
const relayed = (session: Uint8Array, content = 'hello'): Buffer =>
  Buffer.concat([Buffer.of(1), session, Buffer.from(content)]);

let clock: VirtualClock;
let got: string[];
let passed: [string, PhysicalAddress][];
let drops: string[];
let host: RelayingHost & { forwarder: Forwarder | undefined };
let ways: RelayedWays;
let relaying: Relaying;

beforeEach(() => {
  clock = virtualClock();
  got = [];
  passed = [];
  drops = [];
  host = {
    clock,
    forwarder: undefined,
    knows: (address) => address !== STRANGER.host,
    unwrapped: (datagram, from) => got.push(`${datagram.toString()} ${from.address}`),
    pass: (datagram, to) => passed.push([datagram.toString('latin1'), to]),
    drop: (reason) => drops.push(reason),
  };
  ways = new RelayedWays();
  relaying = new Relaying(host, ways);
});

describe('a relayed datagram', () => {
  test('of an open session is taken from where the relay has proven to be, and from no other place', () => {
    relaying.open(SESSION, via);
    relaying.receive(relayed(SESSION), source(STATION));
    relaying.receive(relayed(SESSION), source(CLIENT));
    expect(got).toEqual([`hello ${relayedAddress(SESSION).host}`]);
    expect(drops).toEqual(['relay_source']);
  });

  test('is also taken from another proven path of that link, whose other side may have switched first', () => {
    const paths = [
      { address: tlsAddress(1), proven: true },
      { address: CLIENT, proven: false },
    ];
    relaying.open(SESSION, { ...via, paths } as unknown as Link);
    relaying.receive(relayed(SESSION), source(tlsAddress(1)));
    relaying.receive(relayed(SESSION), source(CLIENT));
    expect([got.length, drops]).toEqual([1, ['relay_source']]);
  });

  test('is not taken from where the relay has not proven to be, though the link to it sends there', () => {
    relaying.open(SESSION, { ...via, observed: CLIENT });
    relaying.receive(relayed(SESSION, 'forged'), source(CLIENT));
    relaying.receive(relayed(SESSION), source(STATION));
    expect([got, drops]).toEqual([[`hello ${relayedAddress(SESSION).host}`], ['relay_source']]);
  });

  test('is not unwrapped twice, and not larger than links send them', () => {
    relaying.open(SESSION, via);
    relaying.receive(Buffer.concat([relayed(SESSION, ''), relayed(SESSION)]), source(STATION));
    relaying.receive(relayed(SESSION, 'x'.repeat(MAX_RELAYED - 16)), source(STATION));
    expect([got, drops]).toEqual([[], ['relay_nested', 'relay_oversized']]);
  });

  test('may be larger on this machine, and only there', () => {
    const large = relayed(SESSION, 'x'.repeat(10_000));
    const here = { host: '127.0.0.1', port: 7 };
    host.forwarder = (_session, from) => (from.port === 7 ? STATION : here);
    relaying.receive(large, source(here));
    relaying.receive(large, source(STATION));
    expect([passed, drops]).toEqual([[], ['relay_oversized', 'relay_oversized']]);
    host.forwarder = () => here;
    relaying.receive(large, source(here));
    relaying.receive(relayed(SESSION, 'x'.repeat(16_368)), source(here));
    expect([passed.length, drops.length]).toEqual([1, 3]);
  });

  test('for somebody else goes on as it is, where the forwarder says', () => {
    host.forwarder = (session, from, bytes) => {
      expect([session, bytes]).toEqual([Buffer.from(SESSION).toString('latin1'), 22]);
      return from.port === CLIENT.port ? STATION : 'refused';
    };
    relaying.receive(relayed(SESSION), source(CLIENT));
    relaying.receive(relayed(SESSION), source(STATION));
    expect(passed).toEqual([[relayed(SESSION).toString('latin1'), STATION]]);
    expect(drops).toEqual(['relay_refused']);
    expect(relaying.stats()).toMatchObject({ forwarded: 1, forwardedBytes: 22 });
  });

  test('about which the forwarder throws is refused', () => {
    host.forwarder = () => {
      throw new Error('planned');
    };
    relaying.receive(relayed(SESSION), source(CLIENT));
    expect(drops).toEqual(['relay_refused']);
  });

  test('of a session that is closed again is nobody’s', async () => {
    relaying.open(SESSION, via);
    relaying.close(SESSION);
    relaying.receive(relayed(SESSION), source(STATION));
    await clock.advance(0);
    expect([got, ways.size]).toEqual([[], 0]);
  });
});

describe('an early datagram', () => {
  test('is delivered when its session is opened, and only then', async () => {
    relaying.receive(relayed(SESSION, 'a'), source(STATION));
    relaying.receive(relayed(OTHER, 'b'), source(STATION));
    relaying.receive(relayed(SESSION, 'c'), source(STATION));
    relaying.open(SESSION, via);
    expect(got).toEqual([]);
    await clock.advance(0);
    expect(got.map((one) => one.slice(0, 1))).toEqual(['a', 'c']);
  });

  test('of who is no peer is not held: he would take the room of those who are', async () => {
    host.forwarder = () => 'unknown';
    relaying.receive(relayed(SESSION), source(STRANGER));
    expect([drops, clock.pending]).toEqual([['relay_unknown'], 0]);
    relaying.open(SESSION, { ...via, proven: STRANGER });
    await clock.advance(0);
    expect(got).toEqual([]);
  });

  test('is judged like any other then', async () => {
    relaying.receive(relayed(SESSION, 'a'), source(CLIENT));
    relaying.open(SESSION, via);
    await clock.advance(0);
    expect([got, drops]).toEqual([[], ['relay_source']]);
  });

  test('goes on as soon as the forwarder knows its session', async () => {
    let known = false;
    host.forwarder = () => (known ? STATION : 'unknown');
    relaying.receive(relayed(SESSION), source(CLIENT));
    await clock.advance(100);
    expect(passed).toEqual([]);
    known = true;
    await clock.advance(20);
    expect(passed).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('is dropped after a second, and asks nobody any more', async () => {
    host.forwarder = () => 'unknown';
    relaying.receive(relayed(SESSION), source(CLIENT));
    await clock.advance(EARLY + 50);
    expect([drops, clock.pending]).toEqual([['relay_unknown'], 0]);
    relaying.open(SESSION, via);
    await clock.advance(0);
    expect(got).toEqual([]);
  });
});

describe('Early', () => {
  const at = source(CLIENT);

  test('keeps sixteen of a source, four of a session, and 32 KiB', () => {
    const early = new Early();
    let kept = 0;
    for (let session = 0; session < 20; session++)
      for (let count = 0; count < 6; count++)
        if (early.hold(String(session), Buffer.alloc(10), at, 0)) kept++;
    expect([kept, early.size]).toEqual([MAX_EARLY_PER_SOURCE, MAX_EARLY_PER_SOURCE]);
    expect(early.take('0')).toHaveLength(MAX_EARLY_PER_SESSION);
    const large = new Early();
    expect(large.hold('a', Buffer.alloc(32_768), at, 0)).toBe(true);
    expect(large.hold('b', Buffer.alloc(1), at, 0)).toBe(false);
    expect(large.hold('b', Buffer.alloc(1), at, EARLY)).toBe(true);
  });

  test('has room for other sources when one has used up its own, and 128 in all', () => {
    const early = new Early();
    let kept = 0;
    for (let port = 1; port <= 20; port++)
      for (let count = 0; count < 20; count++)
        if (early.hold(`${port} ${count}`, Buffer.alloc(10), { address: CLIENT.host, port }, 0)) kept++;
    expect([kept, early.size]).toEqual([MAX_EARLY, MAX_EARLY]);
    expect(early.take().filter(({ from }) => from.port === 8)).toHaveLength(MAX_EARLY_PER_SOURCE);
    const large = new Early();
    const hold = (port: number): boolean =>
      large.hold(`large ${port}`, Buffer.alloc(20_000), { address: CLIENT.host, port }, 0);
    expect([hold(1), hold(1), hold(2)]).toEqual([true, false, true]);
  });

  test('keeps copies', () => {
    const early = new Early();
    const bytes = Buffer.from('abc');
    early.hold('s', bytes, at, 0);
    bytes.fill(0);
    expect(early.take()[0]?.datagram.toString()).toBe('abc');
  });
});

describe('KnownSources', () => {
  const path = { address: STATION, proven: true };

  test('are where the peers of open links have proven to be', () => {
    const paths = [path, { address: CLIENT, proven: false }];
    const sources = new KnownSources(() => [
      { ...via, paths } as unknown as Link,
      { ...via, state: 'handshaking', paths: [{ address: STRANGER, proven: true }] } as unknown as Link,
    ]);
    const known = [STATION, CLIENT, STRANGER, { ...STATION, port: 1 }].map((one) =>
      sources.has(one.host, one.port, 0),
    );
    expect(known).toEqual([true, false, false, false]);
  });

  test('are looked for the less often the more links there are, however often somebody asks', () => {
    let looks = 0;
    const links: Link[] = Array.from({ length: 1_000 }, () => via);
    const sources = new KnownSources(() => {
      looks++;
      return links;
    });
    for (let now = 0; now < 100; now += 0.1) sources.has(STRANGER.host, STRANGER.port, now);
    expect(looks).toBe(10);
    links.push({ ...via, paths: [path] } as unknown as Link);
    expect(sources.has(STATION.host, STATION.port, 111)).toBe(true);
  });
});

describe('RelayedWays', () => {
  test('gives a session one address for ever, over whichever link it goes', () => {
    const address = ways.open(SESSION, via);
    expect(ways.open(SESSION, { ...via, proven: CLIENT })).toBe(address);
    expect([address, ways.size]).toEqual([relayedAddress(SESSION), 1]);
    expect(ways.byHost(address.host)?.relay).toEqual(CLIENT);
  });

  test('has no way through a relay that is itself behind a relay', () => {
    const address = ways.open(SESSION, { ...via, proven: relayedAddress(OTHER) });
    expect(ways.byHost(address.host)?.relay).toBeUndefined();
  });

  test('sends only where the relay has proven to be: nobody rations what is relayed', () => {
    const address = ways.open(SESSION, { ...via, observed: CLIENT });
    expect(ways.byHost(address.host)?.relay).toEqual(STATION);
    ways.open(SESSION, { ...via, observed: CLIENT, proven: undefined });
    expect(ways.byHost(address.host)?.relay).toBeUndefined();
  });

  test('is bounded', () => {
    for (let count = 0; count < MAX_SESSIONS + 10; count++) {
      const session = new Uint8Array(16);
      new DataView(session.buffer).setUint32(0, count);
      ways.open(session, via);
    }
    expect(ways.size).toBe(MAX_SESSIONS);
    ways.clear();
    expect(ways.size).toBe(0);
  });
});
