import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { argsOf, fieldsOf, typedInto, type Field } from '../../../src/inspect/page/schema-form.ts';

const field = (schema: unknown, required = true): Field => {
  const [found] =
    fieldsOf({ type: 'object', properties: { x: schema }, required: required ? ['x'] : [] }) ?? [];
  if (found === undefined) throw new Error('no field');
  return found;
};
const typed = (schema: unknown, text: string, required = true): unknown => {
  const answer = argsOf([field(schema, required)], new Map([['x', text]]));
  return answer.ok ? answer.args : answer.error;
};

describe('a form', () => {
  test('has a field for each property, of the kind that its schema says', () => {
    const schema = z.toJSONSchema(
      z.object({
        id: z.string().min(1).max(20).describe('of the user'),
        age: z.number().int().min(0).max(150),
        ratio: z.number().optional(),
        active: z.boolean(),
        role: z.enum(['admin', 'guest']).default('guest'),
        tags: z.array(z.string()),
        either: z.union([z.string(), z.number()]),
      }),
      { io: 'input' },
    );
    const fields = fieldsOf(schema);
    expect(fields?.map(({ name, kind, required, initial }) => [name, kind, required, initial])).toEqual([
      ['id', 'text', true, ''],
      ['age', 'integer', true, ''],
      ['ratio', 'number', false, ''],
      ['active', 'boolean', true, 'false'],
      ['role', 'choice', false, '"guest"'],
      ['tags', 'json', true, ''],
      ['either', 'json', true, ''],
    ]);
    expect(fields?.[0]?.about).toBe('of the user · 1 to 20 characters');
    expect(field({ type: 'string', minLength: 1 }).about).toBe('at least 1 character');
    expect(fields?.[1]?.about).toBe('0 to 150');
    expect(fields?.[5]?.about).toBe('JSON, array');
  });

  test('is not made where it could not say what is asked for', () => {
    const text = { type: 'string' };
    for (const schema of [
      null,
      undefined,
      5,
      'x',
      [],
      {},
      { type: 'array' },
      { type: 'object', $ref: '#/x' },
      { type: 'object', anyOf: [] },
      { type: 'object', properties: [] },
      { type: 'object', required: ['a'] },
      { type: 'object', properties: { a: text }, required: 'a' },
      { type: 'object', properties: { a: text }, required: [['a']] },
      {
        type: 'object',
        properties: Object.fromEntries(Array.from({ length: 25 }, (_, at) => [`k${at}`, text])),
      },
    ])
      expect(fieldsOf(schema), JSON.stringify(schema)).toBe(undefined);
    expect(fieldsOf({ type: 'object' })).toEqual([]);
  });

  test('leaves a property to JSON that is more than one of the kinds', () => {
    for (const odd of [
      true,
      null,
      {},
      { type: ['string', 'null'] },
      { type: 'object' },
      { $ref: '#' },
      { type: 'string', anyOf: [] },
      { enum: [] },
      { enum: [{}] },
      { enum: 'x' },
      { enum: Array.from({ length: 51 }, (_, at) => at) },
      { type: '__proto__' },
    ])
      expect(field(odd).kind, JSON.stringify(odd)).toBe('json');
  });

  test('says what it has no room for, and takes what it has', () => {
    expect(typed({ type: 'string' }, 'ab')).toEqual({ x: 'ab' });
    expect(typed({ type: 'string' }, '')).toEqual({ x: '' });
    expect(typed({ type: 'string' }, '', false)).toEqual({});
    expect(typed({ type: 'number' }, '1.5')).toEqual({ x: 1.5 });
    expect(typed({ type: 'number' }, ' ')).toBe('must be a number');
    expect(typed({ type: 'number' }, 'Infinity')).toBe('must be a number');
    expect(typed({ type: 'number' }, '', false)).toEqual({});
    expect(typed({ type: 'integer' }, '1.5')).toBe('must be a whole number');
    expect(typed({ type: 'boolean' }, 'true')).toEqual({ x: true });
    expect(typed({ type: 'boolean' }, '')).toBe('must be yes or no');
    expect(typed({ enum: ['a', 1, null] }, '1')).toEqual({ x: 1 });
    expect(typed({ enum: ['a', 1, null] }, '"b"')).toBe('must be one of those offered');
    expect(typed({ const: 7 }, '7')).toEqual({ x: 7 });
    expect(typed({ type: 'array' }, '[1')).toBe('must be JSON');
    expect(typed({ type: 'array' }, '[1]')).toEqual({ x: [1] });
  });

  test('takes any name as a name', () => {
    const fields = fieldsOf(JSON.parse('{"type":"object","properties":{"__proto__":{"type":"string"}}}'));
    const answer = argsOf(fields ?? [], new Map([['__proto__', 'x']]));
    expect(JSON.stringify(answer)).toBe('{"ok":true,"args":{"__proto__":"x"}}');
    expect(({} as { x?: unknown }).x).toBe(undefined);
  });

  test('is filled from JSON that it can say, and from no other', () => {
    const fields = fieldsOf({
      type: 'object',
      properties: {
        a: { type: 'string' },
        n: { type: 'number' },
        c: { enum: ['x', 1] },
        j: { type: 'array' },
        b: { type: 'boolean' },
      },
    });
    const args = { a: 'hello', n: 2, c: 1, j: [1, { k: 2 }], b: false };
    const filled = typedInto(fields ?? [], args);
    expect(argsOf(fields ?? [], filled ?? new Map())).toEqual({ ok: true, args });
    for (const other of [{ z: 1 }, { a: 1 }, { n: '2' }, { c: 'y' }, { b: 'false' }, [], null, 'x'])
      expect(typedInto(fields ?? [], other), JSON.stringify(other)).toBe(undefined);
  });
});
