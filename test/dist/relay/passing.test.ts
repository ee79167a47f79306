/** Datagrams of the ends of a tunnel at the relay: where they go, who may send them, and how many. Links only say where an end is. */
import { describe, expect, test } from 'vitest';
import { sessionOfTunnel } from '../../../src/dist/relay/protocol/tunnel-id.ts';
import type { Forwarder as StreamForwarder } from '../../../src/dist/relay/server/forwarder.ts';
import { Passing } from '../../../src/dist/relay/server/passing.ts';
import { LARGEST_CHUNK, TokenBucket } from '../../../src/dist/relay/server/token-bucket.ts';
import { Tunnel, type Side } from '../../../src/dist/relay/server/tunnel.ts';
import type { Link, Path, PhysicalAddress } from '../../../src/transport/transport.ts';
import { relayedAddress, tlsAddress } from '../../../src/transport/way.ts';
import { ID } from './raw-control.ts';

const SIDES = ['source', 'target'] as const;
const OTHER_ID = ID.replaceAll('0', 'F');
const AT: Readonly<Record<Side, PhysicalAddress>> = {
  source: { host: '192.0.2.1', port: 4_001 },
  target: { host: '192.0.2.2', port: 4_002 },
};
const STRANGER: PhysicalAddress = { host: '198.51.100.9', port: 9 };

const other = (side: Side): Side => (side === 'source' ? 'target' : 'source');
const sessionOf = (id: string): string => Buffer.from(sessionOfTunnel(id)).toString('latin1');
const unlimited = (): TokenBucket => new TokenBucket({ rate: Infinity, burst: Infinity });
/** Without a byte to spare: one more, and it is in debt. */
const drained = (rate: number, now: number): TokenBucket => {
  const bucket = new TokenBucket({ rate, burst: 2 * LARGEST_CHUNK });
  bucket.take(LARGEST_CHUNK, now);
  return bucket;
};
const path = (address: PhysicalAddress, proven: boolean): Path => ({
  kind: 'direct',
  address,
  active: false,
  proven,
  rtt: undefined,
});

/** What a test wants of a side. */
interface Place {
  /** Null: it has proven no address. */
  readonly proven?: PhysicalAddress | null;
  readonly paths?: readonly Path[];
  readonly buckets?: readonly TokenBucket[];
}

const endOf = (side: Side, { proven = AT[side], paths = [], buckets = [unlimited()] }: Place) => ({
  link: { proven: proven ?? undefined, paths } as Link,
  buckets,
});

interface Stage {
  readonly passing: Passing;
  readonly tunnel: Tunnel;
  readonly send: (from: PhysicalAddress, bytes?: number, now?: number) => ReturnType<Passing['forward']>;
}

/** A tunnel whose streams have carried 7 bytes each way. */
function staged(places: Partial<Record<Side, Place>> = {}, passing = new Passing(), id = ID): Stage {
  const tunnel = new Tunnel(id, 'a@one', 'b@two', () => {});
  for (const side of SIDES) tunnel.forwards(side, { bytes: 7 } as StreamForwarder);
  const { source = {}, target = {} } = places;
  passing.open(tunnel, { source: endOf('source', source), target: endOf('target', target) });
  const send: Stage['send'] = (from, bytes = 100, now = 0) =>
    passing.forward(sessionOf(id), from, bytes, now);
  return { passing, tunnel, send };
}

describe('a session', () => {
  test('that no tunnel has is unknown, and the id of a tunnel is none', () => {
    const { passing } = staged();
    for (const session of [sessionOf(OTHER_ID), ID, '', 'x'.repeat(16)])
      expect(passing.forward(session, AT.source, 100, 0)).toBe('unknown');
  });

  test('is unknown once its tunnel is closed, and those of others are not', () => {
    const one = staged();
    const two = staged({}, one.passing, OTHER_ID);
    one.passing.close(ID);
    for (const side of SIDES) {
      expect(one.send(AT[side])).toBe('unknown');
      expect(two.send(AT[side])).toEqual(AT[other(side)]);
    }
    one.passing.close(ID);
    expect([one.tunnel.bytes, two.tunnel.bytes]).toEqual([14, 214]);
  });

  test('leads to the ends of its own tunnel, where one client has several', () => {
    const third = { host: '192.0.2.3', port: 4_003 };
    const one = staged();
    const two = staged({ target: { proven: third } }, one.passing, OTHER_ID);
    expect([one.send(AT.source), two.send(AT.source)]).toEqual([AT.target, third]);
    expect([one.send(third), two.send(third)]).toEqual(['refused', AT.source]);
  });
});

describe.each(SIDES)('a datagram of the %s', (side) => {
  const to = other(side);

  test('goes to where the other end has proven to be, whatever other paths lead there', () => {
    const { send } = staged({ [to]: { paths: [path(STRANGER, true), path(AT[to], true)] } });
    expect(send(AT[side])).toEqual(AT[to]);
  });

  test('goes to where the other end is now', () => {
    const passing = new Passing();
    const { tunnel, send } = staged({}, passing);
    const link: { proven: PhysicalAddress; paths: readonly Path[] } = { proven: AT[to], paths: [] };
    const moving = { link: link as unknown as Link, buckets: [unlimited()] };
    const still = endOf(side, {});
    passing.open(
      tunnel,
      side === 'source' ? { source: still, target: moving } : { source: moving, target: still },
    );
    expect(send(AT[side])).toEqual(AT[to]);
    link.proven = STRANGER;
    expect(send(AT[side])).toEqual(STRANGER);
    expect(send(AT[to])).toBe('refused');
  });

  test('may come from each path that it has proven, and from none that it has not', () => {
    const [first, second] = [
      { host: '203.0.113.1', port: 1 },
      { host: '203.0.113.2', port: 2 },
    ];
    const tls = tlsAddress(3);
    const paths = [path(STRANGER, false), path(first, true), path(second, true), path(tls, true)];
    for (const proven of [AT[side], null]) {
      const { send } = staged({ [side]: { proven, paths } });
      for (const from of [first, second, tls]) expect(send(from)).toEqual(AT[to]);
      for (const from of [STRANGER, { ...first, port: 2 }, { ...second, host: STRANGER.host }])
        expect(send(from)).toBe('refused');
    }
  });

  test('is refused where the other end has proven no address, or only one behind a relay: nothing is counted', () => {
    const now = 1_000;
    for (const proven of [null, relayedAddress(new Uint8Array(16))]) {
      const bucket = drained(1_000, now);
      const { tunnel, send } = staged({ [to]: { proven }, [side]: { buckets: [bucket] } });
      expect(send(AT[side], 100, now)).toBe('refused');
      expect([tunnel.bytes, bucket.wait(now)]).toEqual([14, 0]);
    }
  });

  test('goes to an end that is reached over TLS', () => {
    const { send } = staged({ [to]: { proven: tlsAddress(1) } });
    expect(send(AT[side])).toEqual(tlsAddress(1));
  });

  test('is refused while a bucket of its own is in debt: nothing is counted nor taken, and later it passes', () => {
    const now = 5_000;
    for (const inDebt of [0, 1]) {
      const buckets = [drained(1_000, now), drained(1_000, now)];
      buckets[inDebt]?.take(500, now);
      const { tunnel, send } = staged({ [side]: { buckets } });
      for (let times = 0; times < 3; times++) expect(send(AT[side], 100, now)).toBe('refused');
      expect(tunnel.bytes).toBe(14);
      expect(buckets.map((bucket) => bucket.wait(now))).toEqual(inDebt === 0 ? [500, 0] : [0, 500]);
      expect(send(AT[side], 100, now + 499)).toBe('refused');
      expect(send(AT[side], 100, now + 500)).toEqual(AT[to]);
      expect(tunnel.sent(side)).toBe(107);
    }
  });

  test('is taken from every bucket of its own, and held back by none of the other end', () => {
    const now = 5_000;
    const buckets = [drained(1_000, now), drained(2_000, now)];
    const theirs = drained(1_000, now);
    theirs.take(1, now);
    const { send } = staged({ [side]: { buckets }, [to]: { buckets: [theirs] } });
    expect(send(AT[side], 100, now)).toEqual(AT[to]);
    expect(buckets.map((bucket) => bucket.wait(now))).toEqual([100, 50]);
    expect(theirs.wait(now)).toBe(1);
  });

  test('is counted for that side, with all its bytes, and for none of the streams', () => {
    const { tunnel, send } = staged();
    send(AT[side], 100);
    send(AT[side], 1_217);
    expect([tunnel.sent(side), tunnel.sent(to), tunnel.bytes]).toEqual([1_324, 7, 1_331]);
    expect(tunnel.streamed).toBe(14);
  });
});

test('a datagram of who is neither end is refused, though it has the session: nothing is counted nor taken', () => {
  const now = 1_000;
  const buckets = { source: drained(1_000, now), target: drained(1_000, now) };
  const { tunnel, send } = staged({
    source: { buckets: [buckets.source] },
    target: { buckets: [buckets.target] },
  });
  for (const { host, port } of [AT.source, AT.target])
    for (const from of [STRANGER, { host, port: STRANGER.port }, { host: STRANGER.host, port }])
      expect(send(from, 100, now)).toBe('refused');
  expect(send({ host: AT.source.host, port: AT.target.port }, 100, now)).toBe('refused');
  expect(tunnel.bytes).toBe(14);
  expect([buckets.source.wait(now), buckets.target.wait(now)]).toEqual([0, 0]);
});
