import { describe, expect, test } from 'vitest';
import { seededRandom } from '../../../src/actor/random.ts';
import { Sessions, unlocks, uses } from '../../../src/inspect/http/sessions.ts';

const HALF_DAY = 43_200_000;
const random = seededRandom('sessions');

describe('Sessions', () => {
  test('each has two halves of 192 bits, other ones each time', () => {
    const sessions = new Sessions();
    const halves = Array.from({ length: 20 }, () => sessions.open(random, 0));
    const all = halves.flatMap(({ secret, key }) => [secret, key]);
    for (const half of all) expect(half).toMatch(/^[\w-]{32}$/);
    expect(new Set(all).size).toBe(40);
  });

  test('is found by its secret, among others, and unlocked by its own key only', () => {
    const sessions = new Sessions();
    const [one, other] = [sessions.open(random, 0), sessions.open(random, 0)];
    const session = sessions.find(['x', '', other.key, one.secret], 0)!;
    expect([unlocks(one.key, session), unlocks(other.key, session), unlocks(one.secret, session)]).toEqual([
      true,
      false,
      false,
    ]);
    for (const wrong of [undefined, '', `${one.key}x`, one.key.slice(1), one.key.repeat(1_000)])
      expect(unlocks(wrong, session)).toBe(false);
    expect(sessions.find([one.key, 'x'.repeat(100_000)], 0)).toBeUndefined();
  });

  test('is over when it was not seen for twelve hours', () => {
    const sessions = new Sessions();
    const { secret } = sessions.open(random, 0);
    const session = sessions.find([secret], HALF_DAY)!;
    session.seen = HALF_DAY;
    expect(sessions.find([secret], 2 * HALF_DAY)).toBe(session);
    expect(sessions.find([secret], 2 * HALF_DAY + 1)).toBeUndefined();
  });

  test('there are 32 at most: the one that was not seen for longest makes room, and those that are over go', () => {
    const sessions = new Sessions();
    const halves = Array.from({ length: 32 }, (_, at) => sessions.open(random, at));
    sessions.find([halves[0]!.secret], 40)!.seen = 40;
    sessions.open(random, 50);
    expect(sessions.size).toBe(32);
    expect(sessions.find([halves[0]!.secret], 50)).toBeDefined();
    expect(sessions.find([halves[1]!.secret], 50)).toBeUndefined();
    expect(sessions.find([halves[2]!.secret], 50)).toBeDefined();
    sessions.open(random, 51 + HALF_DAY);
    expect(sessions.size).toBe(1);
    for (let n = 0; n < 10_000; n++) sessions.open(random, 52 + HALF_DAY);
    expect(sessions.size).toBe(32);
  });

  test('one that is being given an answer is neither over nor makes room', () => {
    const sessions = new Sessions();
    const { secret } = sessions.open(random, 0);
    const session = sessions.find([secret], 0)!;
    uses(session, 1, 0);
    uses(session, 1, 0);
    uses(session, -1, 1);
    for (let n = 0; n < 100; n++) sessions.open(random, 10 * HALF_DAY + n);
    expect(sessions.find([secret], 10 * HALF_DAY)).toBe(session);
    uses(session, -1, 20 * HALF_DAY);
    expect(sessions.find([secret], 21 * HALF_DAY)).toBe(session);
    expect(sessions.find([secret], 21 * HALF_DAY + 1)).toBeUndefined();
  });

  test('cleared, none is left', () => {
    const sessions = new Sessions();
    const { secret } = sessions.open(random, 0);
    sessions.clear();
    expect([sessions.size, sessions.find([secret], 0)]).toEqual([0, undefined]);
  });
});
