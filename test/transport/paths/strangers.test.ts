/** What a link remembers of the peer's questions: enough that no copy makes its copier a path, and little. */
import { describe, expect, test } from 'vitest';

import { seededRandom } from '../../../src/actor/random.ts';
import { SEEN, SeenQuestions } from '../../../src/transport/paths/strangers.ts';

const random = seededRandom('strangers');
const nonces = (count: number): Uint8Array[] => Array.from({ length: count }, () => random.bytes(8));

describe('SeenQuestions', () => {
  test('knows each one again until 4,096 others were looked at', () => {
    for (const phase of [0, 1, SEEN / 2, SEEN - 1, SEEN]) {
      const seen = new SeenQuestions();
      const [nonce = new Uint8Array(8), ...others] = nonces(SEEN);
      for (const one of [...nonces(phase), nonce, ...others]) seen.take(one);
      expect(seen.take(nonce)).toBe(false);
    }
  });

  test('knows each one again however often and whenever it comes, also one that was taken for an old one', () => {
    const seen = new SeenQuestions();
    const all = nonces(5 * SEEN);
    const backs = [0, 64, SEEN / 4 - 1];
    for (const [index, nonce] of all.entries()) {
      seen.take(nonce);
      const again = backs.filter((back) => back <= index && seen.take(all[index - back] as Uint8Array));
      if (again.length > 0) expect.fail(`${again.join()} before is new`);
    }
  });

  test('takes hardly any new one for an old one', () => {
    const seen = new SeenQuestions();
    const mistaken = nonces(5 * SEEN).filter((nonce) => !seen.take(nonce)).length;
    expect(mistaken).toBeLessThan((5 * SEEN) / 200);
    expect(new SeenQuestions().take(new Uint8Array(8))).toBe(true);
  });

  test('forgets in the end: it keeps no more than two tables', () => {
    const seen = new SeenQuestions();
    const [first] = nonces(1);
    seen.take(first as Uint8Array);
    for (const nonce of nonces(3 * SEEN)) seen.take(nonce);
    expect(seen.take(first as Uint8Array)).toBe(true);
  });
});
