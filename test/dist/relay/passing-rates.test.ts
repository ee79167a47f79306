/** How much of what the ends of tunnels send each other in datagrams a relay passes on, whatever they send and when. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { sessionOfTunnel } from '../../../src/dist/relay/protocol/tunnel-id.ts';
import { Passing } from '../../../src/dist/relay/server/passing.ts';
import { LARGEST_CHUNK, TokenBucket, type ByteRate } from '../../../src/dist/relay/server/token-bucket.ts';
import { Tunnel, type Side } from '../../../src/dist/relay/server/tunnel.ts';
import type { Link, PhysicalAddress } from '../../../src/transport/transport.ts';
import { ID } from './raw-control.ts';

/** Two tunnels of one client, which has asked for both. */
const IDS = [ID, ID.replaceAll('0', 'F')] as const;
const CLIENT: PhysicalAddress = { host: '192.0.2.1', port: 4_001 };
const OTHERS: readonly PhysicalAddress[] = [
  { host: '192.0.2.2', port: 4_002 },
  { host: '192.0.2.3', port: 4_003 },
];

interface Sent {
  readonly tunnel: 0 | 1;
  readonly side: Side;
  readonly bytes: number;
  /** Milliseconds after the one before. */
  readonly pause: number;
}
interface Passed {
  readonly at: number;
  readonly bytes: number;
}

/** What is passed on of it: by tunnel and side, and all that the client sends. */
function passed(sent: readonly Sent[], limits: ByteRate, client: ByteRate): Map<string, Passed[]> {
  const passing = new Passing();
  const shared = new TokenBucket(client);
  const tunnels = IDS.map((id, at) => {
    const tunnel = new Tunnel(id, 'a@one', 'b@two', () => {});
    const link = (proven: PhysicalAddress | undefined): Link => ({ proven, paths: [] as const }) as never;
    passing.open(tunnel, {
      source: { link: link(CLIENT), buckets: [shared, new TokenBucket(limits)] },
      target: { link: link(OTHERS[at]), buckets: [new TokenBucket(limits)] },
    });
    return tunnel;
  });
  const found = new Map<string, Passed[]>();
  let now = 5_000;
  for (const { tunnel, side, bytes, pause } of sent) {
    now += pause;
    const session = Buffer.from(sessionOfTunnel(IDS[tunnel])).toString('latin1');
    const from = side === 'source' ? CLIENT : (OTHERS[tunnel] as PhysicalAddress);
    if (passing.forward(session, from, bytes, now) === 'refused') continue;
    for (const key of [`${side} of ${tunnel}`, ...(side === 'source' ? ['client'] : [])])
      found.set(key, [...(found.get(key) ?? []), { at: now, bytes }]);
  }
  for (const [at, tunnel] of tunnels.entries())
    for (const side of ['source', 'target'] as const)
      expect(tunnel.sent(side)).toBe(sum(found.get(`${side} of ${at}`) ?? []));
  return found;
}

const sum = (all: readonly Passed[]): number => all.reduce((total, { bytes }) => total + bytes, 0);

/** In no time at all between two of them more than that. */
function keepsTo({ rate, burst }: ByteRate, all: readonly Passed[]): void {
  for (const [from, first] of all.entries()) {
    let total = 0;
    for (const { at, bytes } of all.slice(from)) {
      total += bytes;
      expect(total).toBeLessThanOrEqual(burst + (rate * (at - first.at)) / 1_000);
    }
  }
}

const byteRate: fc.Arbitrary<ByteRate> = fc.record({
  rate: fc.integer({ min: 1_024, max: 4_000_000 }),
  burst: fc.integer({ min: 2 * LARGEST_CHUNK, max: 1_000_000 }),
});
const datagram: fc.Arbitrary<Sent> = fc.record({
  tunnel: fc.constantFrom(0, 1),
  side: fc.constantFrom<Side>('source', 'target'),
  bytes: fc.oneof(fc.integer({ min: 18, max: LARGEST_CHUNK }), fc.constant(LARGEST_CHUNK)),
  pause: fc.oneof(fc.constant(0), fc.nat({ max: 50 }), fc.nat({ max: 5_000 })),
});

test('in any time no more than the burst and what the rate allows passes: of each side, and of all a client sends', () => {
  fc.assert(
    fc.property(
      byteRate,
      byteRate,
      fc.array(datagram, { minLength: 1, maxLength: 120 }),
      (limits, client, sent) => {
        for (const [key, all] of passed(sent, limits, client)) {
          if (key === 'client') keepsTo(client, all);
          else keepsTo(limits, all);
          if (key.startsWith('source')) keepsTo(client, all);
        }
      },
    ),
    { numRuns: 200 },
  );
});

test('who always has something to send gets the rate, and not less', () => {
  const limits = { rate: 100_000, burst: 2 * LARGEST_CHUNK };
  const unlimited = { rate: Infinity, burst: Infinity };
  // a datagram of 1,200 bytes each millisecond, twelve times the rate, for 10 s
  const sent = Array.from({ length: 10_000 }, () => ({
    tunnel: 0 as const,
    side: 'target' as const,
    bytes: 1_200,
    pause: 1,
  }));
  const total = sum(passed(sent, limits, unlimited).get('target of 0') ?? []);
  expect(total).toBeGreaterThanOrEqual(10 * limits.rate);
  expect(total).toBeLessThanOrEqual(10 * limits.rate + limits.burst);
});
