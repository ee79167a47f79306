import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeTerm } from '../../../src/codec/etf/decode.ts';
import { encodeTerm } from '../../../src/codec/etf/encode.ts';
import { anyTerm } from './terms.ts';

const encoded = (term: unknown, javascript = false): Uint8Array => {
  const result = encodeTerm(term, { javascript });
  if (!result.ok) throw new Error(`${result.error.reason} at ${result.error.path}`);
  return result.bytes;
};

describe('what is written is read as what it was', () => {
  test.each([false, true])('any term (with strings and objects: %s)', (javascript) => {
    fc.assert(
      fc.property(anyTerm(javascript), (term) => {
        const decoded = decodeTerm(encoded(term, javascript), { javascript });
        expect(decoded).toMatchObject({ ok: true });
        expect((decoded as { value: unknown }).value).toStrictEqual(term);
      }),
      { numRuns: 500 },
    );
  });
});
