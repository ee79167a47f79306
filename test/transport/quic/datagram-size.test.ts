/**
 * The size of a link's datagrams as a rule: it falls at once when large ones vanish, and goes up again only after
 * one large datagram was seen to arrive.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { DatagramSize, SAFE_SIZE, type Counts } from '../../../src/transport/quic/datagram-size.ts';

const LARGE = 16_384;

const counts = (lost: number, recv = 0): Counts => ({ lost, recv });

/** A link with `count` large datagrams behind it and a look at `now` that found `lost` of them lost. */
function after(count: number, lost: number): DatagramSize {
  const size = new DatagramSize(LARGE, 0);
  for (let sent = 0; sent < count; sent++) size.sent(LARGE, 100);
  expect(size.curious(100)).toBe(true);
  size.look(100, counts(lost), () => 1);
  return size;
}

/** Lowered at 100 ms, with more to send. */
function lowered(): DatagramSize {
  const size = after(10, 10);
  size.sent(SAFE_SIZE, 100);
  return size;
}

describe('DatagramSize', () => {
  test('begins with what the address promises, and never goes below the safe size', () => {
    expect(new DatagramSize(LARGE, 0).limit).toBe(LARGE);
    expect(lowered().limit).toBe(SAFE_SIZE);
    const small = new DatagramSize(1_000, 0);
    small.unanswered(0, counts(0));
    expect(small.limit).toBe(1_000);
  });

  test('a few losses among many large datagrams are chance, a burst of them is the path', () => {
    expect(after(100, 2).limit).toBe(LARGE);
    expect(after(100, 24).limit).toBe(LARGE);
    expect(after(100, 25).limit).toBe(SAFE_SIZE);
    expect(after(3, 2).limit).toBe(LARGE);
    expect(after(3, 3).limit).toBe(SAFE_SIZE);
  });

  test('losses that were known before are not counted twice', () => {
    const size = after(100, 20);
    for (let sent = 0; sent < 10; sent++) size.sent(LARGE, 200);
    size.look(200, counts(20), () => 1);
    expect(size.limit).toBe(LARGE);
  });

  test('falls at once when nothing is answered, but only if large datagrams were sent lately', () => {
    const size = new DatagramSize(LARGE, 0);
    size.sent(100, 0);
    size.unanswered(30, counts(0));
    expect(size.limit).toBe(LARGE);
    size.sent(LARGE, 40);
    size.unanswered(2_000, counts(0));
    expect(size.limit).toBe(LARGE);
    size.sent(LARGE, 2_000);
    size.unanswered(2_030, counts(0));
    expect(size.limit).toBe(SAFE_SIZE);
  });

  test('a peer that was only busy answers and nothing was lost: large again at once', () => {
    const size = new DatagramSize(LARGE, 0);
    size.sent(LARGE, 100);
    size.unanswered(130, counts(5, 40));
    expect(size.limit).toBe(SAFE_SIZE);
    size.look(190, counts(5, 40), () => 1);
    expect(size.limit).toBe(SAFE_SIZE);
    size.look(220, counts(5, 41), () => 1);
    expect(size.limit).toBe(LARGE);
    size.sent(LARGE, 300);
    size.unanswered(330, counts(5, 41));
    size.look(400, counts(6, 45), () => 1);
    expect([size.limit, size.curious(1_000)]).toEqual([SAFE_SIZE, false]);
  });

  test('tries one large datagram after a pause, and goes up when it arrived', () => {
    const size = lowered();
    expect(size.curious(349)).toBe(false);
    expect(size.curious(350)).toBe(true);
    size.look(350, counts(10), () => 1);
    expect(size.limit).toBe(LARGE);
    size.sent(200, 351);
    expect(size.limit).toBe(LARGE);
    size.sent(LARGE, 352);
    expect(size.limit).toBe(SAFE_SIZE);
    expect(size.curious(401)).toBe(false);
    // nobody has answered, and a probe timeout tells nothing new
    size.unanswered(403, counts(10));
    size.look(404, counts(10), () => 1);
    expect(size.limit).toBe(SAFE_SIZE);
    size.look(430, counts(10, 1), () => 1);
    expect(size.limit).toBe(LARGE);
  });

  test('does not try while nothing waits to be sent', () => {
    const size = after(10, 10);
    size.sent(200, 5_000);
    expect(size.curious(9_000)).toBe(false);
  });

  test('a try that is lost doubles the pause, up to a minute', () => {
    const size = lowered();
    let now = 100;
    let lost = 10;
    const pauses: number[] = [];
    for (let round = 0; round < 12; round++) {
      const from = now;
      while (!size.curious(now)) now += 10;
      pauses.push(now - from);
      size.look(now, counts(lost), () => 1);
      size.sent(LARGE, now);
      now += 60;
      size.look(now, counts(++lost), () => 1);
      expect(size.limit).toBe(SAFE_SIZE);
      size.sent(SAFE_SIZE, now);
    }
    expect(pauses).toEqual([
      250, 500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000, 60_000,
    ]);
  });

  test('after ten good seconds the next pause is the first one again', () => {
    const size = lowered();
    size.look(350, counts(10), () => 1);
    size.sent(LARGE, 350);
    size.look(500, counts(10, 1), () => 1);
    size.sent(LARGE, 10_600);
    size.look(10_600, counts(10, 1), () => 1);
    size.sent(LARGE, 10_700);
    size.unanswered(10_700, counts(10, 1));
    size.look(10_750, counts(11, 2), () => 1);
    size.sent(SAFE_SIZE, 10_750);
    expect([size.curious(10_999), size.curious(11_000)]).toEqual([false, true]);
  });

  test('on a path that carries nothing large, few large datagrams are ever sent, whatever happens', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 300 }), { maxLength: 400 }),
        fc.nat(200),
        (waits, rtt) => {
          const size = new DatagramSize(LARGE, 0);
          let [now, lost, wasted] = [0, 0, 0];
          for (const wait of waits) {
            now += wait;
            if (size.curious(now)) size.look(now, counts(lost), () => rtt);
            const { limit } = size;
            size.sent(limit, now);
            if (limit === SAFE_SIZE) continue;
            wasted++;
            lost++;
            size.unanswered(now, counts(0));
            expect(size.limit).toBe(SAFE_SIZE);
          }
          // pauses double: 250 ms · 2^n
          expect(wasted).toBeLessThanOrEqual(2 + Math.log2(1 + now / 250));
        },
      ),
      { numRuns: 300, seed: 20_261_121 },
    );
  });
});
