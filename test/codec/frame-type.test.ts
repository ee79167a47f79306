import { describe, expect, test } from 'vitest';
import { FRAME_TYPE_IDS, frameTypeId, frameTypeOf } from '../../src/codec/frame-type.ts';
import { vectors } from './vectors.ts';

interface Input {
  readonly id?: number;
  readonly ids?: readonly number[];
  readonly property?: string;
}
interface Expectation {
  readonly ok?: string | number;
  readonly error?: { readonly tag: string; readonly id?: number };
}

describe('frameTypeOf and frameTypeId', () => {
  test.each(vectors<Input, Expectation>('type-ids'))('vector: $name', ({ input, expect: wanted }) => {
    if (input.id !== undefined && wanted.ok !== undefined) {
      expect(frameTypeOf(input.id)).toBe(wanted.ok);
      expect(frameTypeId(wanted.ok as string)).toBe(input.id);
    } else if (input.id !== undefined) {
      expect(frameTypeOf(input.id)).toBeUndefined();
    } else if (input.ids !== undefined) {
      const unknown = Array.from({ length: 256 }, (_, id) => id).filter(
        (id) => frameTypeOf(id) === undefined,
      );
      expect(unknown).toEqual(input.ids);
    } else if (input.property !== undefined) {
      const names = Object.keys(FRAME_TYPE_IDS);
      expect(names).toHaveLength(wanted.ok as number);
      for (const name of names) expect(frameTypeOf(frameTypeId(name)!)).toBe(name);
      expect(new Set(Object.values(FRAME_TYPE_IDS)).size).toBe(names.length);
    } else {
      expect.fail('unknown kind of case');
    }
  });

  test('names that only Object.prototype holds are no types', () => {
    for (const name of ['toString', '__proto__', 'constructor', 'unregister'])
      expect(frameTypeId(name)).toBeUndefined();
  });
});
