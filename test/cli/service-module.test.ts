import { describe, expect, test } from 'vitest';
import { servicesOf } from '../../src/cli/service-module.ts';
import { RpcError } from '../../src/mesh/errors/rpc-error.ts';
import { server } from '../../src/mesh/handlers/server-handler.ts';

const handler = (): number => 1;

const refusal = (exported: unknown, names: 'default' | 'canonical' | 'any' = 'default'): string => {
  try {
    servicesOf(exported, names);
    return 'accepted';
  } catch (error) {
    return error instanceof RpcError && error.failure.tag === 'invalid_args' ? error.message : String(error);
  }
};

describe('servicesOf', () => {
  test('takes handlers, servers, and handlers with options, in their order', () => {
    const served = server({ id: 'x', start: () => ({ tag: 'ignore' }) });
    expect(
      servicesOf({ 'b.first': handler, 'a.second': { handler, ttl: 60 }, 'c.third': served }, 'default'),
    ).toEqual([
      { procedure: 'b.first', handler, options: {} },
      { procedure: 'a.second', handler, options: { ttl: 60 } },
      { procedure: 'c.third', handler: served, options: {} },
    ]);
  });

  test('takes the namespace object of a module too', () => {
    const namespace = Object.assign(Object.create(null) as object, { 'a.b': handler });
    expect(servicesOf(namespace, 'default')).toHaveLength(1);
  });

  test.each([
    { rule: 'a function', exported: handler, says: 'must be a record' },
    { rule: 'a list', exported: [handler], says: 'must be a record' },
    { rule: 'nothing', exported: undefined, says: 'must be a record' },
    { rule: 'an empty record', exported: {}, says: 'has no procedure' },
    { rule: 'a bad name', exported: { Nope: handler }, says: 'procedure "Nope" must be 2 to 10 segments' },
    { rule: 'a reserved name', exported: { '_a.b': handler }, says: 'begin with _ are reserved' },
    { rule: 'a number', exported: { 'a.b': 1 }, says: 'procedure "a.b" must be a function' },
    { rule: 'options alone', exported: { 'a.b': { ttl: 60 } }, says: 'procedure "a.b" must be a function' },
    {
      rule: 'an unknown option',
      exported: { 'a.b': { handler, tll: 60 } },
      says: 'procedure "a.b": tll is not an option (ttl, metadata,',
    },
  ])('refuses $rule', ({ exported, says }) => {
    expect(refusal(exported)).toContain(says);
  });

  test('names follow the mode', () => {
    expect(refusal({ Nope: handler }, 'any')).toBe('accepted');
    expect(refusal({ 'a.b': handler }, 'canonical')).toContain('names: canonical');
  });
});
