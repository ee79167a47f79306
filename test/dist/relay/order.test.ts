/** In which order relays are asked. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { askingOrder, STAYED } from '../../../src/dist/relay/client/order.ts';

describe('askingOrder', () => {
  test('is that of the list, of those that know us', () => {
    const [first, absent, third] = [0, undefined, 5].map((since) => ({ since, returned: false }));
    expect(askingOrder([first, absent, third] as never, 10)).toEqual([0, 2]);
    expect(askingOrder([absent] as never, 10)).toEqual([]);
  });

  test('has one that was lost and came back at its end until it has stayed', () => {
    const relays = [
      { since: 1_000, returned: true },
      { since: 0, returned: false },
    ];
    expect(askingOrder(relays, 1_000)).toEqual([1, 0]);
    expect(askingOrder(relays, 999 + STAYED)).toEqual([1, 0]);
    expect(askingOrder(relays, 1_000 + STAYED)).toEqual([0, 1]);
  });

  test('changes back to a relay no more than once in 30 s, however often it is lost', () => {
    const event = fc.record({
      at: fc.integer({ min: 0, max: 10_000 }),
      relay: fc.integer({ min: 0, max: 2 }),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), (events) => {
        let now = 0;
        const relays = [0, 1, 2].map(() => ({ since: 0 as number | undefined, returned: false }));
        /** When each relay was last given up for another, and then taken again. */
        const left = new Map<number, number>();
        let active = 0;
        for (const { at, relay } of events) {
          now += at;
          const one = relays[relay] as (typeof relays)[0];
          if (one.since === undefined) one.since = now;
          else {
            one.since = undefined;
            one.returned = true;
          }
          for (const time of [now, now + 1]) {
            const [first] = askingOrder(relays, time);
            if (first === undefined || first === active) continue;
            const others = relays.some(
              ({ since, returned }, index) => index !== first && since !== undefined && !returned,
            );
            // to one that was left lately only when there is no steadier one
            if (left.has(first) && time - (left.get(first) as number) < STAYED) expect(others).toBe(false);
            left.set(active, time);
            active = first;
          }
        }
      }),
    );
  });
});
