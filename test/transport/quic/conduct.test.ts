/** How much of its endpoint one peer may use up; which paused streams are given up. */
import { describe, expect, test } from 'vitest';

import {
  BYTES_BEFORE_ADMISSION,
  Conduct,
  DATAGRAMS_PER_TURN,
  IDLE_DATAGRAMS,
} from '../../../src/transport/quic/conduct.ts';
import { GRACE, Stalls } from '../../../src/transport/quic/stalls.ts';

const admitted = (): Conduct => {
  const conduct = new Conduct();
  conduct.admit();
  return conduct;
};

describe('Conduct', () => {
  test('before admission 64 KiB may come, and not a byte more; after it any number', () => {
    const conduct = new Conduct();
    expect(conduct.arrived(BYTES_BEFORE_ADMISSION, 0, 0, () => 0)).toBeUndefined();
    expect(conduct.arrived(1, 0, 0, () => 0)).toBe('too_much');
    conduct.admit();
    expect(conduct.arrived(10 * BYTES_BEFORE_ADMISSION, 0, 0, () => 0)).toBeUndefined();
  });

  test('so many datagrams are taken per turn, and as many in the next', () => {
    const conduct = admitted();
    for (let turn = 0; turn < 3; turn++) {
      for (let count = 0; count < DATAGRAMS_PER_TURN; count++) expect(conduct.mayReceive()).toBe(true);
      expect(conduct.mayReceive()).toBe(false);
      conduct.turn();
    }
  });

  /** Sends datagrams at a rate; `moves`: a stream moves with each so-manieth. */
  const talk = (perSecond: number, genuine: boolean, moves = Infinity): string | undefined => {
    const conduct = admitted();
    for (let count = 1; count <= 20 * IDLE_DATAGRAMS; count++) {
      const moved = Math.floor(count / moves);
      const verdict = conduct.arrived(50, (count * 1_000) / perSecond, moved, () => (genuine ? count : 7));
      if (verdict !== undefined) return verdict;
    }
    return undefined;
  };

  test('packets that keep coming without progress are misconduct; few, forged ones, and such that move a stream are none', () => {
    expect(talk(10_000, true)).toBe('no_progress');
    expect(talk(600, true)).toBe('no_progress');
    expect(talk(100, true)).toBeUndefined();
    expect(talk(10_000, false)).toBeUndefined();
    expect(talk(10_000, true, IDLE_DATAGRAMS - 1)).toBeUndefined();
  });
});

describe('Stalls', () => {
  test('the first ones may stay, further ones are due after a grace, the longest first', () => {
    const stalls = new Stalls<string>(2);
    expect(['a', 'b', 'c', 'd'].map((item, at) => stalls.stalled(item, at * 10))).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(stalls.stalled('a', 500)).toBe(true);
    expect(stalls.due).toBe(20 + GRACE);
    expect(stalls.overdue(19 + GRACE)).toEqual([]);
    expect(stalls.overdue(20 + GRACE)).toEqual(['c']);
    expect(stalls.overdue(30 + GRACE)).toEqual(['c', 'd']);
  });

  test('one that moves makes room for the next, and begins anew', () => {
    const stalls = new Stalls<string>(1);
    stalls.stalled('a', 0);
    stalls.stalled('b', 5);
    stalls.moves('a');
    expect([stalls.due, stalls.stalled('b', 10), stalls.stalled('a', 20)]).toEqual([undefined, true, false]);
    expect(stalls.due).toBe(20 + GRACE);
    stalls.moves('a');
    stalls.moves('b');
    expect([stalls.due, stalls.overdue(Infinity)]).toEqual([undefined, []]);
  });
});
