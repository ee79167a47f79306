import fc from 'fast-check';
import { expect, test } from 'vitest';
import { QuestionBudget, QUESTIONS } from '../../../src/mesh/connection/question-budget.ts';

test('in any time no more than a burst and 2,048 per second are admitted, and after silence a burst again', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(50), { minLength: 100, maxLength: 400 }), (gaps) => {
      const budget = new QuestionBudget(QUESTIONS);
      let [now, admitted] = [0, 0];
      for (const gap of gaps) {
        now += gap;
        for (let n = 0; n < 200; n++) if (budget.take(now)) admitted++;
      }
      expect(admitted).toBeLessThanOrEqual(4_096 + 2.048 * now + 1);
      expect(admitted).toBeGreaterThanOrEqual(Math.min(gaps.length * 200, 4_096));
      let burst = 0;
      while (budget.take(now + 10_000)) burst++;
      expect(burst).toBe(4_096);
    }),
    { numRuns: 20 },
  );
});
