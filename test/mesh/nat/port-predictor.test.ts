import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { predictPorts, type PortQuestion } from '../../../src/mesh/nat/punch/port-predictor.ts';

const port = fc.integer({ min: 1, max: 65_535 });
const question: fc.Arbitrary<PortQuestion> = fc.record(
  {
    allocation: fc.constantFrom('pp', 'pc', 'rd', 'unknown'),
    base: port,
    history: fc.array(port, { maxLength: 10 }),
    count: fc.integer({ min: 1, max: 64 }),
  },
  { requiredKeys: ['allocation'] },
);

describe('predictPorts', () => {
  test('gives distinct valid ports, ascending, never more than asked for', () => {
    fc.assert(
      fc.property(question, (asked) => {
        const { ports, confidence } = predictPorts(asked);
        expect(ports.length).toBeLessThanOrEqual(asked.count ?? 5);
        expect(ports).toEqual([...new Set(ports)].toSorted((a, b) => a - b));
        expect(ports.every((one) => Number.isInteger(one) && one >= 1_024 && one <= 65_535)).toBe(true);
        expect(confidence).toBeGreaterThan(0);
        expect(confidence).toBeLessThanOrEqual(0.95);
      }),
    );
  });

  test('gives exactly as many as asked for, away from the ends, when the port is not kept', () => {
    const middle = fc.integer({ min: 33_000, max: 33_100 });
    fc.assert(
      fc.property(
        fc.constantFrom('pc' as const, 'rd' as const, 'unknown' as const),
        middle,
        fc.integer({ min: 1, max: 64 }),
        (allocation, base, count) => {
          expect(predictPorts({ allocation, base, count }).ports.length).toBeGreaterThanOrEqual(
            allocation === 'rd' ? Math.ceil(count / 2) : count,
          );
          expect(predictPorts({ allocation: 'rd', count }).ports).toHaveLength(count);
        },
      ),
    );
  });

  test('is less sure of a counter the more its steps differ', () => {
    const steady = predictPorts({ allocation: 'pc', history: [40_000, 40_002, 40_004] });
    const loose = predictPorts({ allocation: 'pc', history: [40_000, 40_001, 40_006] });
    expect(loose.confidence).toBeLessThan(steady.confidence);
    expect(loose.confidence).toBeGreaterThanOrEqual(0.3);
  });

  test('of a counter that stood still the port itself and its neighbors are tried', () => {
    const { ports, delta } = predictPorts({ allocation: 'pc', history: [40_000, 40_000, 40_000], count: 3 });
    expect({ ports, delta }).toEqual({ ports: [39_999, 40_000, 40_001], delta: 0 });
  });

  test('spreads over the range that was seen, from its first port to its last', () => {
    const { ports, strategy, confidence } = predictPorts({
      allocation: 'rd',
      history: [50_000, 40_000, 60_000],
    });
    expect(ports).toEqual([40_000, 45_000, 50_000, 55_000, 60_000]);
    expect(strategy).toBe('rd');
    expect(confidence).toBeLessThanOrEqual(0.5);
  });
});
