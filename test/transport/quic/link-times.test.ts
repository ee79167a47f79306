import { describe, expect, test } from 'vitest';
import { LinkTimes } from '../../../src/transport/quic/link-times.ts';
import { limitsFor } from '../../../src/transport/limits.ts';

const LIMITS = limitsFor(
  { host: '127.0.0.1', port: 0 },
  { idleTimeout: 10_000, keepAlive: 3_000, handshakeTimeout: 5_000 },
);

const times = (): LinkTimes => new LinkTimes(LIMITS, 0);

describe('silence', () => {
  test('is the idle timeout after the last authentic packet, to the millisecond', () => {
    const link = times();
    link.heard(4_000, () => 1);
    expect(link.due(Infinity)).toBe(14_000);
    expect(link.isSilent(13_999, () => 1)).toBe(false);
    expect(link.isSilent(14_000, () => 1)).toBe(true);
  });

  test('is not broken by datagrams that quiche found no authentic packet in', () => {
    const link = times();
    link.heard(1_000, () => 1);
    for (let now = 1_100; now < 11_000; now += 100) link.heard(now, () => 1);
    expect(link.isSilent(11_000, () => 1)).toBe(true);
  });

  test('is broken by an authentic packet that came between two looks', () => {
    const link = times();
    link.heard(1_000, () => 1);
    link.heard(1_500, () => expect.fail('asked too often'));
    expect(link.isSilent(11_000, () => 2)).toBe(false);
    expect(link.due(Infinity)).toBe(11_500);
    expect(link.isSilent(11_500, () => 2)).toBe(true);
  });

  test('is measured by the shorter of both idle timeouts, and keep-alives fit into it three times', () => {
    const link = times();
    link.agreed(6_000);
    expect(link.idleTimeout).toBe(6_000);
    expect(link.mustSpeak(1_999, 0)).toBe(false);
    expect(link.mustSpeak(2_000, 0)).toBe(true);
    const other = times();
    other.agreed(0);
    expect([other.idleTimeout, other.due(0)]).toEqual([10_000, 3_000]);
  });

  test('is broken by the dialer; who was dialed speaks only when no word of the dialer had to be answered', () => {
    const dialed = new LinkTimes(LIMITS, 0, 'acceptor');
    dialed.agreed(0);
    expect([dialed.mustSpeak(3_599, 0), dialed.mustSpeak(3_600, 0), dialed.due(0)]).toEqual([
      false,
      true,
      3_600,
    ]);
    // and still twice in the shorter idle timeout of a dialer that says nothing
    dialed.agreed(6_000);
    expect(dialed.due(0)).toBe(2_400);
    expect(dialed.due(Infinity)).toBe(6_000);
  });

  test('proves nothing when our own event loop is more than 20 ms late', () => {
    expect([times().isLate(100, 120), times().isLate(100, 121)]).toEqual([false, true]);
  });
});

test('doubts are heard once a second', () => {
  const link = times();
  expect([0, 500, 999, 1_000, 1_500, 2_000].map((now) => link.mayDoubt(now))).toEqual([
    true,
    false,
    false,
    true,
    false,
    true,
  ]);
});

test('something is unanswered from when it was in flight until a datagram comes', () => {
  const link = times();
  expect(link.armed(100, 9_000)).toBe(9_101);
  expect(link.unanswered).toBe(Infinity);
  link.armed(200, 50);
  link.armed(300, 50);
  expect(link.unanswered).toBe(200);
  link.heard(400, () => 1);
  expect(link.unanswered).toBe(Infinity);
  expect(link.armed(500, null)).toBe(Infinity);
});
