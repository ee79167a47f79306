import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDottedName, isLooseName } from '../../../src/mesh/topic/dotted-name.ts';
import { checkProcedureName, type NameMode } from '../../../src/mesh/topic/procedure-name.ts';
import { vectors } from '../../codec/vectors.ts';

interface Expectation {
  readonly ok?: string;
  readonly error?: Readonly<Record<string, unknown>>;
}

describe('checkProcedureName', () => {
  test.each(vectors<{ name: unknown; names?: NameMode }, Expectation>('names-dotted'))(
    'vector: $name',
    ({ input, expect: wanted }) => {
      const result = checkProcedureName(input.name, input.names);
      if (wanted.ok !== undefined) expect(result).toEqual({ ok: true, kind: wanted.ok });
      else expect(result).toMatchObject({ ok: false, error: wanted.error });
    },
  );

  test('a canonical topic is at most 255 bytes as a whole', () => {
    const topic = (length: number): string => `r/o/a/d/${'n'.repeat(length - 11)}_v1`;
    expect(checkProcedureName(topic(255))).toEqual({ ok: true, kind: 'canonical' });
    expect(checkProcedureName(topic(256))).toMatchObject({ error: { reason: 'too_long' } });
  });

  test('the reason says what is wrong', () => {
    const reason = (name: unknown, mode?: NameMode): unknown => {
      const result = checkProcedureName(name, mode);
      return result.ok ? undefined : result.error.reason;
    };
    expect(reason(42)).toBe('not_a_string');
    expect(reason('_dht.find')).toBe('reserved');
    expect(reason('_dht.find', 'any')).toBe('reserved');
    expect(reason('a.b', 'canonical')).toBe('dotted_refused');
    expect(reason('r/o/a/d/n')).toBe('missing_version_suffix');
    expect(reason('getUser')).toBe('grammar');
  });

  test('a dotted or loose name is at most 255 bytes', () => {
    const name = (length: number): string => `a.${'b'.repeat(length - 2)}`;
    expect([isDottedName(name(255)), isLooseName(name(255))]).toEqual([true, true]);
    expect([isDottedName(name(256)), isLooseName(name(256))]).toEqual([false, false]);
  });

  test('accepted exactly when the grammar says so', () => {
    const grammar = /^[a-z0-9][a-z0-9_]*(\.[a-z0-9][a-z0-9_]*){1,9}$/;
    const loose = /^[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9][A-Za-z0-9_-]*){0,9}$/;
    const near = fc.string({
      unit: fc.constantFrom('a', 'b', '0', '_', '.', '-', 'A', '\n', 'é', ' '),
      maxLength: 24,
    });
    fc.assert(
      fc.property(near, (name) => {
        expect(isDottedName(name)).toBe(grammar.test(name));
        expect(isLooseName(name)).toBe(loose.test(name));
        expect(checkProcedureName(name).ok).toBe(grammar.test(name));
        expect(checkProcedureName(name, 'any').ok).toBe(loose.test(name));
      }),
      { numRuns: 5_000 },
    );
  });

  test.each(['a.'.repeat(50_000), 'a'.repeat(100_000), `${'a_'.repeat(50_000)}!`, '/'.repeat(100_000)])(
    '100 kB of adversarial text are judged in linear time (%#)',
    (text) => {
      const before = performance.now();
      expect(checkProcedureName(text, 'any').ok).toBe(false);
      expect([isDottedName(text), isLooseName(text)]).toEqual([false, false]);
      expect(performance.now() - before).toBeLessThan(1_000);
    },
  );
});
