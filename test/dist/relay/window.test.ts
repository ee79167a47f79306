/** How much of a tunnel may be under way on a hop: never more than was allowed, and never less than what was handed on is credited. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ReceiveWindow, SendWindow, Spare, WIDEST, WINDOW } from '../../../src/dist/relay/window.ts';

/** Round trips of a slow line, so that nothing grows. */
const slow = (): number => 0;

describe('the receiver of a hop', () => {
  test('credits what was handed on, in halves of the window', () => {
    const window = new ReceiveWindow(new Spare());
    expect(window.came(WINDOW / 2 - 1)).toBe(true);
    window.consumed(WINDOW / 2 - 1);
    expect(window.credit(0, slow)).toBe(0);
    expect(window.came(1)).toBe(true);
    window.consumed(1);
    expect(window.credit(1_000, slow)).toBe(WINDOW / 2);
    expect(window.credit(2_000, slow)).toBe(0);
  });

  test('takes its window and no byte more, until more is allowed', () => {
    const window = new ReceiveWindow(new Spare());
    expect(window.came(WINDOW)).toBe(true);
    expect(window.came(1)).toBe(false);
  });

  test('a window that is used up within two round trips doubles, up to 2 MiB', () => {
    const window = new ReceiveWindow(new Spare());
    const credited: number[] = [];
    for (let now = 0; now < 200; now += 10) {
      const bytes = window.credit(now, () => 50);
      if (bytes > 0) credited.push(bytes);
      window.consumed(WIDEST);
    }
    // the first credit says nothing of how fast it was used up
    expect(credited.slice(0, 5)).toEqual([
      WIDEST,
      WIDEST + WINDOW,
      WIDEST + 2 * WINDOW,
      WIDEST + 4 * WINDOW,
      WIDEST,
    ]);
  });

  test.each([
    [19, true],
    [20, false],
  ])('half a window in %d ms where packets take no time: it grows is %s', (since, grows) => {
    const window = new ReceiveWindow(new Spare());
    window.consumed(WINDOW);
    window.credit(0, slow);
    window.consumed(WINDOW);
    expect(window.credit(since, slow)).toBe(grows ? 2 * WINDOW : WINDOW);
  });

  test('a round trip is believed for 250 ms, and not asked for where half a window took less than 20 ms', () => {
    const window = new ReceiveWindow(new Spare());
    let asked = 0;
    const rtt = (): number => {
      asked++;
      return 0;
    };
    for (let now = 0; now < 1_000; now += 25) {
      window.consumed(WINDOW);
      window.credit(now, rtt);
    }
    // at 0, 250, 500 and 750
    expect(asked).toBe(4);
    window.consumed(WINDOW);
    window.credit(985, rtt);
    expect(asked).toBe(4);
  });

  test('all windows of a connection grow by 16 MiB together, and what a tunnel leaves behind is there for others', () => {
    const spare = new Spare();
    expect(spare.take(16_777_216 - WINDOW)).toBe(true);
    const grown = (window: ReceiveWindow): number => {
      window.consumed(WINDOW);
      window.credit(0, () => 50);
      window.consumed(WINDOW);
      return window.credit(1, () => 50) - WINDOW;
    };
    const first = new ReceiveWindow(spare);
    expect(grown(first)).toBe(WINDOW);
    expect(grown(new ReceiveWindow(spare))).toBe(0);
    first.end();
    expect(grown(new ReceiveWindow(spare))).toBe(WINDOW);
  });

  test('whatever happens, what may come and has not is between half a window and the widest there is', () => {
    const step = fc.record({
      bytes: fc.integer({ min: 1, max: 65_536 }),
      pause: fc.integer({ min: 0, max: 200 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 300 }), fc.integer({ min: 0, max: 100 }), (steps, rtt) => {
        const [receiver, sender] = [new ReceiveWindow(new Spare()), new SendWindow()];
        let now = 0;
        for (const { bytes, pause } of steps) {
          now += pause;
          const sent = Math.min(bytes, sender.left);
          sender.take(sent);
          // what is allowed is taken
          expect(receiver.came(sent)).toBe(true);
          receiver.consumed(sent);
          sender.add(receiver.credit(now, () => rtt));
          // nobody waits for ever: all was handed on, so some of it was credited
          expect(sender.left).toBeGreaterThan(0);
          expect(sender.left).toBeLessThanOrEqual(WIDEST);
        }
      }),
    );
  });
});

test('a sender is allowed no more than twice the widest window, whatever it is told', () => {
  const window = new SendWindow();
  for (let n = 0; n < 100; n++) window.add(0xffff_ffff);
  expect(window.left).toBe(2 * WIDEST);
});
