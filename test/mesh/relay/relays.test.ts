import { describe, expect, test } from 'vitest';
import { Relays } from '../../../src/mesh/relay/relays.ts';

/** How often it is granted of so many times, all at once. */
const granted = (times: number, asked: (n: number) => boolean): number =>
  Array.from({ length: times }, (_, n) => asked(n)).filter(Boolean).length;

describe('in a moment, and per second from then on,', () => {
  test('a peer asks for 64 sessions and punches, 4; 8 of these with one node, 1; another peer has its own', () => {
    const relays = new Relays(undefined);
    const wants = (peer: string, of: (n: number) => string, now: number, times = 1_000): number =>
      granted(times, (n) => relays.admits(peer, of(n), now));
    expect(wants('mallory', () => 'bob', 0)).toBe(8);
    // the others were refused after they were counted as hers
    expect(wants('mallory', (n) => `node ${n}`, 0)).toBe(0);
    expect(wants('mallory', (n) => `node ${n}`, 1_000)).toBe(4);
    expect(wants('carol', (n) => `node ${n}`, 1_000)).toBe(64);
    expect(wants('carol', () => 'bob', 2_000)).toBe(4);
  });

  test('a station is heard 1,024 times, 64; whatever it says of whomever', () => {
    const relays = new Relays(undefined);
    const heard = (now: number): number => granted(5_000, () => relays.hears('station', now));
    expect([heard(0), heard(1_000), heard(2_000)]).toEqual([1_024, 64, 64]);
    expect(relays.hears('other', 2_000)).toBe(true);
  });

  test('128 addresses are asked that anybody names, 16: whoever of them it is', () => {
    const relays = new Relays(undefined);
    const asked = (now: number): number => granted(1_000, () => relays.mayAsk(now));
    expect([asked(0), asked(1_000), asked(1_500)]).toEqual([128, 16, 8]);
  });

  test('twenty thousand names have no peer forgotten that asks', () => {
    const relays = new Relays(undefined);
    const allowed = granted(20_000, (n) => {
      relays.admits(`sybil ${n}`, 'bob', 0);
      return relays.admits('mallory', 'bob', 0);
    });
    expect(allowed).toBe(8);
  });
});
