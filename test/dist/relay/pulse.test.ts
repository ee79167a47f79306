/** Whether the other end is still there: what is asked when, and when it is given up. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Pulse } from '../../../src/dist/relay/pulse.ts';

describe('a pulse', () => {
  test('asks nothing of who sends', () => {
    const pulse = new Pulse(1_000);
    for (const arrivals of [0, 1, 5, 6]) expect(pulse.look(arrivals, 10)).toEqual({ tag: 'fine', wait: 500 });
  });

  test('is content with an answer until an interval after its question', () => {
    const pulse = new Pulse(1_000);
    const looks = [0, 0, 1, 1].map((arrivals) => pulse.look(arrivals, 10));
    expect(looks.map(({ tag }) => tag)).toEqual(['fine', 'ask', 'fine', 'ask']);
    expect(looks[2]).toEqual({ tag: 'fine', wait: 800 });
  });

  test('gives up a dead one within 1.6 of its intervals, whenever it died', () => {
    for (let died = 0; died < 5_000; died += 7) {
      const pulse = new Pulse(1_000);
      let [now, arrivals] = [0, 0];
      for (;;) {
        const beat = pulse.look(arrivals, 10);
        if (beat.tag === 'gone') break;
        // it answers at once, and says nothing else
        if (beat.tag === 'ask' && now <= died) arrivals++;
        now += beat.wait;
      }
      expect(now - died).toBeLessThanOrEqual(1_600);
    }
  });

  test('asks a silent one three times, and gives it up: three fifths of a second after the first look that finds it silent', () => {
    const pulse = new Pulse(1_000);
    const looks = [0, 0, 0, 0, 0].map((arrivals) => pulse.look(arrivals, 10));
    expect(looks).toEqual([
      { tag: 'fine', wait: 500 },
      { tag: 'ask', wait: 200 },
      { tag: 'ask', wait: 200 },
      { tag: 'ask', wait: 200 },
      { tag: 'gone' },
    ]);
  });

  test('forgets its questions with any answer', () => {
    const pulse = new Pulse(1_000);
    for (const arrivals of [0, 0, 0, 0]) pulse.look(arrivals, 10);
    expect(pulse.look(1, 10).tag).toBe('fine');
    expect([1, 1, 1].map((arrivals) => pulse.look(arrivals, 10).tag)).toEqual(['ask', 'ask', 'ask']);
    expect(pulse.look(1, 10).tag).toBe('gone');
  });

  test('waits for an answer as long as the way takes, and no longer than half a second without need', () => {
    for (const [every, rtt, wait] of [
      [1_000, 900, 900],
      [60_000, 10, 500],
      [5_000, 0, 500],
      [100, 0, 20],
    ] as const) {
      const pulse = new Pulse(every);
      pulse.look(0, rtt);
      expect(pulse.look(0, rtt)).toEqual({ tag: 'ask', wait });
    }
  });

  test('asks at once when it is doubted', () => {
    const pulse = new Pulse(60_000);
    pulse.look(7, 10);
    expect(pulse.doubt(9, 10)).toEqual({ tag: 'ask', wait: 500 });
    expect([9, 9, 9].map((arrivals) => pulse.look(arrivals, 10).tag)).toEqual(['ask', 'ask', 'gone']);
  });

  test('gives up a dead one in the same time however often it is doubted, and never one that answers', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 30 }), fc.boolean(), (doubts, alive) => {
        const pulse = new Pulse(5_000);
        let [arrivals, asked] = [3, 0];
        pulse.look(arrivals, 10);
        for (const doubted of [true, ...doubts]) {
          const beat = doubted ? pulse.doubt(arrivals, 10) : pulse.look(arrivals, 10);
          if (beat?.tag === 'gone') {
            expect([alive, asked]).toEqual([false, 3]);
            return;
          }
          if (beat?.tag === 'ask') asked++;
          if (beat?.tag === 'ask' && alive) arrivals++;
          expect(asked).toBeLessThanOrEqual(alive ? 31 : 3);
        }
      }),
    );
  });
});
