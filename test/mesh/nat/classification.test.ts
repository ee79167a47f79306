import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  classify,
  newestPerObserver,
  type Observation,
} from '../../../src/mesh/nat/detection/classification.ts';

const port = fc.integer({ min: 1, max: 65_535 });
const observation: fc.Arbitrary<Observation> = fc.record({
  observer: fc.constantFrom('a', 'b', 'c'),
  reflexiveIp: fc.constantFrom('203.0.113.7', '203.0.113.8'),
  reflexivePort: port,
  localPort: port,
});

describe('classify', () => {
  test('never says a filtering: it is not to be seen from outside', () => {
    fc.assert(
      fc.property(fc.array(observation), (observations) => {
        expect(classify(observations).filtering).toBe('unknown');
      }),
    );
  });

  test('what an observer said before its newest report changes nothing', () => {
    fc.assert(
      fc.property(fc.array(observation), (observations) => {
        expect(classify(newestPerObserver(observations))).toEqual(classify(observations));
      }),
    );
  });

  test('says `ei` of two observers only when both saw the same address and port', () => {
    fc.assert(
      fc.property(observation, observation, (one, other) => {
        const both = [
          { ...one, observer: 'a' },
          { ...other, observer: 'b' },
        ];
        const same = one.reflexiveIp === other.reflexiveIp && one.reflexivePort === other.reflexivePort;
        expect(classify(both).mapping === 'ei').toBe(same);
      }),
    );
  });
});
