import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import {
  RelaySessions,
  type Opened,
  type RelayEnd,
  type RelayLimits,
} from '../../../src/mesh/relay/relay-sessions.ts';
import type { PhysicalAddress } from '../../../src/transport/transport.ts';

const LIMITS: RelayLimits = {
  sessions: 4,
  asked: 2,
  targeted: 2,
  node: { rate: 1_000, burst: 2_000 },
  all: { rate: 10_000, burst: 20_000 },
  idle: 60_000,
};

const place = (port: number): PhysicalAddress => ({ host: '203.0.113.1', port });

function end(nodeId: string, port: number): RelayEnd & { gone: boolean; port: number } {
  const one = {
    nodeId,
    gone: false,
    port,
    at: () => (one.gone ? undefined : place(one.port)),
    isAt: (from: PhysicalAddress) => !one.gone && from.host === place(0).host && from.port === one.port,
  };
  return one;
}

const opened = (limits: Partial<RelayLimits> = {}) => {
  const [alice, bob] = [end('a', 1), end('b', 2)];
  const sessions = new RelaySessions({ ...LIMITS, ...limits }, 0);
  agreed(sessions, 's', alice, bob);
  return { sessions, alice, bob };
};

/** A session to which the target has agreed. */
function agreed(sessions: RelaySessions, id: string, source: RelayEnd, target: RelayEnd, now = 0): void {
  const opened_ = sessions.open(id, source, target, now);
  expect(opened_.tag).toBe('opened');
  if (opened_.tag === 'opened') opened_.session.agreed = true;
}

const refusalOf = (result: Opened): unknown => (result.tag === 'refused' ? result.refusal : result.tag);

describe('a datagram', () => {
  test('goes from one end to the other, both ways, where they are connected from now', () => {
    const { sessions, alice } = opened();
    expect(sessions.forward('s', place(1), 100, 0)).toEqual(place(2));
    expect(sessions.forward('s', place(2), 100, 0)).toEqual(place(1));
    alice.port = 7;
    expect(sessions.forward('s', place(2), 100, 0)).toEqual(place(7));
    expect(sessions.forward('s', place(1), 100, 0)).toBe('refused');
    expect(sessions.stats).toMatchObject({ datagrams: 3, bytes: 300, foreign: 1 });
  });

  test('of a session that is not known is not refused: the request may be on its way', () => {
    expect(opened().sessions.forward('other', place(1), 100, 0)).toBe('unknown');
  });

  test('from a third address, or to an end that is gone, or larger than any datagram, goes nowhere', () => {
    const { sessions, bob } = opened();
    expect(sessions.forward('s', place(3), 100, 0)).toBe('refused');
    expect(sessions.forward('s', { host: '203.0.113.9', port: 1 }, 100, 0)).toBe('refused');
    expect(sessions.forward('s', place(1), 65_536, 0)).toBe('refused');
    bob.gone = true;
    expect(sessions.forward('s', place(1), 100, 0)).toBe('refused');
    expect(sessions.stats.datagrams).toBe(0);
  });
});

describe('limits', () => {
  test('a node sends its burst and its rate, and closing its sessions gives it no other burst', () => {
    const { sessions, alice, bob } = opened();
    expect(sessions.forward('s', place(1), 2_000, 0)).toEqual(place(2));
    expect(sessions.forward('s', place(1), 1, 0)).toBe('refused');
    // the other end has its own
    expect(sessions.forward('s', place(2), 2_000, 0)).toEqual(place(1));
    sessions.close('s');
    sessions.over(0);
    agreed(sessions, 't', alice, bob);
    expect(sessions.forward('t', place(1), 1, 0)).toBe('refused');
    expect(sessions.forward('t', place(1), 1_000, 1_000)).toEqual(place(2));
    expect(sessions.stats.overRate).toBe(2);
  });

  test('no node gets more than its rate and burst over any time, whatever it sends', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(500), fc.integer({ min: 1, max: 3_000 })), { maxLength: 200 }),
        (sends) => {
          const { sessions } = opened();
          let [now, passed] = [0, 0];
          for (const [pause, bytes] of sends) {
            now += pause;
            if (typeof sessions.forward('s', place(1), bytes, now) === 'object') passed += bytes;
          }
          expect(passed).toBeLessThanOrEqual(2_000 + now);
        },
      ),
    );
  });

  test('all nodes together have theirs', () => {
    const { sessions } = opened({ all: { rate: 0, burst: 150 } });
    expect(sessions.forward('s', place(1), 100, 0)).toEqual(place(2));
    expect(sessions.forward('s', place(2), 100, 0)).toBe('refused');
  });

  test('sessions in all, of one node, an id of others, and a node with itself are refused by their names', () => {
    const { sessions, alice, bob } = opened();
    const others = Array.from({ length: 8 }, (_, i) => end(`n${i}`, 10 + i));
    const open = (id: string, source: RelayEnd, target: RelayEnd): unknown =>
      refusalOf(sessions.open(id, source, target, 0));
    expect(open('s', others[0]!, others[1]!)).toMatchObject({ field: 'session_id' });
    expect(open('t', alice, end('a', 1))).toMatchObject({ field: 'target_id' });
    expect(open('t', alice, others[0]!)).toBe('opened');
    expect(open('u', alice, others[1]!)).toMatchObject({ bound: 'relay sessions of a node' });
    // as a target it has its own number
    expect(open('u', others[1]!, alice)).toBe('opened');
    expect(open('v', others[2]!, bob)).toBe('opened');
    expect(open('w', others[3]!, others[4]!)).toMatchObject({ bound: 'relay sessions' });
    sessions.close('v');
    expect(open('w', others[3]!, others[4]!)).toBe('opened');
  });

  test('whoever asks for session after session with one node replaces its own, and takes nobody their places', () => {
    const { sessions, alice, bob } = opened({ targeted: 3 });
    agreed(sessions, 't', alice, bob);
    for (let i = 0; i < 100; i++) {
      const result = sessions.open(`x${i}`, alice, bob, 0);
      expect(result).toMatchObject({
        tag: 'opened',
        replaced: { id: i === 0 ? 's' : i === 1 ? 't' : `x${i - 2}` },
      });
    }
    expect(sessions.stats.sessions).toBe(2);
    expect(sessions.open('honest', end('h', 9), bob, 0).tag).toBe('opened');
  });

  test('asking again for a session that is there, as after a new connection, changes nothing', () => {
    const { sessions, alice, bob } = opened();
    expect(sessions.open('s', alice, bob, 5)).toMatchObject({ tag: 'known', session: { agreed: true } });
    expect(sessions.stats.sessions).toBe(1);
  });

  test('before the target has agreed, the packets of a handshake pass and no more; without it the session ends', () => {
    const sessions = new RelaySessions(
      { ...LIMITS, node: { rate: 1e6, burst: 1e6 }, all: { rate: 1e6, burst: 1e6 } },
      0,
    );
    const [alice, bob] = [end('a', 1), end('b', 2)];
    sessions.open('s', alice, bob, 0);
    const passed = (): number => {
      let count = 0;
      while (count < 1_000 && typeof sessions.forward('s', place(1), 1_217, 0) === 'object') count++;
      return count;
    };
    expect(passed()).toBe(16);
    expect(sessions.over(4_999)).toEqual([]);
    expect(sessions.over(5_000).map(({ id }) => id)).toEqual(['s']);
    sessions.find('s')!.agreed = true;
    expect(sessions.over(5_000)).toEqual([]);
    expect(passed()).toBeGreaterThan(100);
    sessions.open('t', alice, end('c', 3), 0);
    expect(sessions.forward('t', place(1), 32_769, 0)).toBe('refused');
  });
});

describe('the end of a session', () => {
  test('comes when nothing has passed for too long, and not before', () => {
    const { sessions } = opened();
    sessions.forward('s', place(1), 1, 1_000);
    expect(sessions.over(60_999)).toEqual([]);
    expect(sessions.over(61_000).map(({ id }) => id)).toEqual(['s']);
  });

  test('an end may be gone for ten seconds and come back', () => {
    const { sessions, alice } = opened();
    alice.gone = true;
    expect(sessions.over(100)).toEqual([]);
    expect(sessions.over(10_099)).toEqual([]);
    alice.gone = false;
    expect(sessions.over(10_100)).toEqual([]);
    alice.gone = true;
    expect(sessions.over(20_000)).toEqual([]);
    expect(sessions.over(30_000).map(({ id }) => id)).toEqual(['s']);
  });

  test('only two whose session was accepted are together', () => {
    const { sessions } = opened();
    sessions.find('s')!.agreed = false;
    expect(sessions.joins('a', 'b')).toBe(false);
    sessions.find('s')!.agreed = true;
    expect(sessions.joins('b', 'a')).toBe(true);
    expect(sessions.joins('a', 'c')).toBe(false);
    sessions.close('s');
    expect(sessions.joins('a', 'b')).toBe(false);
  });
});
