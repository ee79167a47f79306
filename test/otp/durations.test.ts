import { describe, expect, test } from 'vitest';
import { checkDeadline, checkDuration, wrongDuration } from '../../src/otp/durations.ts';

const NONE = [Number.NaN, -1, -Infinity, '5', null, undefined, 5n, {}] as const;

describe('wrongDuration', () => {
  test.each([0, -0, 0.5, 1, 5_000, Number.MAX_VALUE, Infinity])('%s is a duration', (ms) => {
    expect(wrongDuration('timeout', ms)).toBeUndefined();
    expect(() => checkDuration('timeout', ms)).not.toThrow();
  });

  test.each(NONE)('%s is a RangeError that names it', (ms) => {
    expect(wrongDuration('timeout', ms)).toBeInstanceOf(RangeError);
    expect(() => checkDuration('hibernateAfter', ms)).toThrow(/^hibernateAfter must be milliseconds/);
  });

  test('a number is shown, of anything else only its type', () => {
    expect(wrongDuration('timeout', -7)?.message).toBe('timeout must be milliseconds or Infinity, not -7');
    expect(wrongDuration('timeout', 'secret')?.message).toBe(
      'timeout must be milliseconds or Infinity, not a string',
    );
  });
});

test('a deadline of 0 can be kept by nobody', () => {
  for (const ms of [0, ...NONE]) expect(() => checkDeadline('deadline', ms)).toThrow(RangeError);
  for (const ms of [0.1, 1, Infinity]) expect(() => checkDeadline('deadline', ms)).not.toThrow();
});
