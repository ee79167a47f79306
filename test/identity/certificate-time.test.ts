import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { certificateTime } from '../../src/identity/certificate-time.ts';

/** The way DER writes a date: `YYYYMMDDHHMMSSZ`. */
const written = (time: number): string => new Date(time).toISOString().replace(/[-:T]|\.\d+/g, '');

const seconds = (from: number, to: number): fc.Arbitrary<number> =>
  fc.integer({ min: Date.UTC(from, 0) / 1_000, max: Date.UTC(to, 0) / 1_000 - 1 });

describe('certificateTime', () => {
  test('reads every second of the years 1000 to 9999 as the calendar has it', () => {
    fc.assert(
      fc.property(
        seconds(1_000, 10_000),
        (s) => certificateTime('generalized', written(s * 1_000)) === s * 1_000,
      ),
    );
  });

  test('reads years of two digits as those from 1950 to 2049', () => {
    fc.assert(
      fc.property(
        seconds(1_950, 2_050),
        (s) => certificateTime('utc', written(s * 1_000).slice(2)) === s * 1_000,
      ),
    );
  });

  test('knows leap days', () => {
    const ofFebruary29 = (year: number): number | undefined =>
      certificateTime('generalized', `${year}0229000000Z`);
    expect(ofFebruary29(2_024)).toBe(Date.UTC(2024, 1, 29));
    expect(ofFebruary29(2_000)).toBe(Date.UTC(2000, 1, 29));
    expect(ofFebruary29(2_023)).toBeUndefined();
    expect(ofFebruary29(2_100)).toBeUndefined();
  });

  test('refuses what is not exactly a date', () => {
    const wrong = [
      '',
      'Jan  1 00:00:00 2024 GMT',
      '2024-01-01T00:00:00Z',
      '20240132000000Z',
      '20240100000000Z',
      '20240431000000Z',
      '20241301000000Z',
      '20240001000000Z',
      '20240101240000Z',
      '20240101006000Z',
      '20240101000060Z',
      '20240101000000',
      '20240101000000+0100',
      '20240101000000.5Z',
      '202401010000Z',
      '20240101000000Z ',
      '20240101000000Z\n',
    ];
    const none = wrong.map(() => undefined);
    expect(wrong.map((text) => certificateTime('generalized', text))).toEqual(none);
    expect(wrong.map((text) => certificateTime('utc', text.slice(2)))).toEqual(none);
    expect(certificateTime('utc', '20240101000000Z')).toBeUndefined();
    expect(certificateTime('generalized', '240101000000Z')).toBeUndefined();
  });

  test('never throws', () => {
    const form = fc.constantFrom('utc', 'generalized');
    fc.assert(fc.property(form, fc.string(), (as, text) => typeof certificateTime(as, text) !== 'string'));
  });
});
