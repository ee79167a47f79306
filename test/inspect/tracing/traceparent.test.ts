import { describe, expect, test } from 'vitest';
import fc from 'fast-check';
import { formatTraceparent, parseTraceparent } from '../../../src/inspect/tracing/traceparent.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

describe('parseTraceparent', () => {
  test('reads version 00, and of later ones what 00 has', () => {
    const ids = { traceId: TRACE, spanId: SPAN, flags: 1 };
    expect(parseTraceparent(`00-${TRACE}-${SPAN}-01`)).toEqual(ids);
    expect(parseTraceparent(`cc-${TRACE}-${SPAN}-01`)).toEqual(ids);
    expect(parseTraceparent(`01-${TRACE}-${SPAN}-01-what-the-future-holds`)).toEqual(ids);
  });

  test.each([
    ['nothing', ''],
    ['more than version 00 has', `00-${TRACE}-${SPAN}-01-more`],
    ['more without a dash', `01-${TRACE}-${SPAN}-01more`],
    ['the version that is none', `ff-${TRACE}-${SPAN}-01`],
    ['no trace', `00-${'0'.repeat(32)}-${SPAN}-01`],
    ['no span', `00-${TRACE}-${'0'.repeat(16)}-01`],
    ['upper case', `00-${TRACE.toUpperCase()}-${SPAN}-01`],
    ['a short trace', `00-${TRACE.slice(1)}-${SPAN}-01`],
    ['no flags', `00-${TRACE}-${SPAN}`],
    ['a second line', `00-${TRACE}-${SPAN}-01\n`],
  ])('refuses %s', (_what, text) => {
    expect(parseTraceparent(text)).toBe(undefined);
  });

  test('reads what is written', () => {
    const id = (length: number): fc.Arbitrary<string> =>
      fc
        .array(fc.constantFrom(...'0123456789abcdef'.split('')), { minLength: length, maxLength: length })
        .map((digits) => digits.join(''))
        .filter((digits) => !/^0+$/.test(digits));
    fc.assert(
      fc.property(id(32), id(16), fc.nat(255), (traceId, spanId, flags) => {
        const ids = { traceId, spanId, flags };
        expect(parseTraceparent(formatTraceparent(ids))).toEqual(ids);
      }),
    );
  });
});
