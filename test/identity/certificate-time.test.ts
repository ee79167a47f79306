import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { certificateTime } from '../../src/identity/certificate-time.ts';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (value: number): string => String(value).padStart(2, '0');

/** The way OpenSSL prints a date. */
function printed(time: number): string {
  const date = new Date(time);
  const day = String(date.getUTCDate()).padStart(2, ' ');
  const clock = [date.getUTCHours(), date.getUTCMinutes(), date.getUTCSeconds()].map(two).join(':');
  return `${MONTHS[date.getUTCMonth()]} ${day} ${clock} ${date.getUTCFullYear()} GMT`;
}

describe('certificateTime', () => {
  test('reads every second of the years 1950 to 9999 as the calendar has it', () => {
    const seconds = fc.integer({ min: Date.UTC(1950, 0) / 1_000, max: Date.UTC(9_999, 11, 31) / 1_000 });
    fc.assert(fc.property(seconds, (s) => certificateTime(printed(s * 1_000)) === s * 1_000));
  });

  test('knows leap days', () => {
    expect(certificateTime('Feb 29 00:00:00 2024 GMT')).toBe(Date.UTC(2024, 1, 29));
    expect(certificateTime('Feb 29 00:00:00 2000 GMT')).toBe(Date.UTC(2000, 1, 29));
    expect(certificateTime('Feb 29 00:00:00 2023 GMT')).toBeUndefined();
    expect(certificateTime('Feb 29 00:00:00 2100 GMT')).toBeUndefined();
  });

  test('refuses what is not exactly a date', () => {
    const wrong = [
      '',
      'Bad time value',
      '2024-01-01T00:00:00Z',
      'Jan 32 00:00:00 2024 GMT',
      'Jan  0 00:00:00 2024 GMT',
      'Apr 31 00:00:00 2024 GMT',
      'Foo  1 00:00:00 2024 GMT',
      'Jan  1 24:00:00 2024 GMT',
      'Jan  1 00:60:00 2024 GMT',
      'Jan  1 00:00:60 2024 GMT',
      'Jan  1 00:00:00 2024',
      'Jan  1 00:00:00 2024 CET',
      'Jan  1 00:00:00 2024 GMT ',
    ];
    expect(wrong.map(certificateTime)).toEqual(wrong.map(() => undefined));
  });

  test('never throws', () => {
    fc.assert(fc.property(fc.string(), (text) => typeof certificateTime(text) !== 'string'));
  });
});
