import fc from 'fast-check';
import { expect, test } from 'vitest';
import { headOf } from '../../../src/mesh/dht/node-id.ts';
import { Spares } from '../../../src/mesh/dht/spares.ts';
import { node } from './contacts.ts';

const operation = fc.record({
  what: fc.constantFrom('keep', 'keep', 'keep', 'remove', 'take'),
  who: fc.nat(9),
});

test('in whatever order they come and go: the newest of each, oldest first, and no more than there is room for', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(operation, { maxLength: 60 }),
      (room, operations) => {
        const spares = new Spares(room);
        let model: number[] = [];
        for (const { what, who } of operations) {
          const contact = node(who);
          const isOther = (each: number): boolean => each !== who;
          if (what === 'keep') {
            spares.keep(contact, headOf(contact.id), who);
            model = [...model.filter(isOther), who].slice(-room);
          } else if (what === 'remove') {
            spares.remove(contact.id, headOf(contact.id));
            model = model.filter(isOther);
          } else {
            const fits = (each: number): boolean => each % 3 === who % 3;
            const taken = spares.takeNewest(({ seenAt }) => fits(seenAt));
            const newest = model.findLast(fits);
            expect(taken?.contact).toEqual(newest === undefined ? undefined : node(newest));
            expect(taken?.head).toBe(newest === undefined ? undefined : headOf(node(newest).id));
            model = model.filter((each) => each !== newest);
          }
          expect(spares.length).toBe(model.length);
        }
        expect(spares.contacts()).toEqual(model.map((each) => node(each)));
      },
    ),
    { numRuns: 300 },
  );
});
