import { describe, expect, test } from 'vitest';
import { listTermOf, termOf } from '../../src/cli/dist/term-argument.ts';
import { termToJson } from '../../src/cli/dist/term-json.ts';
import { documentText } from '../../src/cli/json-value.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { PidTerm } from '../../src/codec/etf/identities.ts';
import { parseTerm } from '../../src/codec/etf/parse-text.ts';
import { Float, tuple } from '../../src/codec/etf/terms.ts';
import { NodePid } from '../../src/dist/node-pid.ts';
import { RpcError } from '../../src/mesh/errors/rpc-error.ts';

const detailOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof RpcError && error.failure.tag === 'invalid_args') return error.message;
    throw error;
  }
  return expect.fail('it was taken');
};

describe('a term on the command line', () => {
  test.each<readonly [string, unknown]>([
    ['{"a":[1,"x",null,true]}', { a: [1, 'x', null, true] }],
    ['"text"', 'text'],
    ['[1, 2]', [1, 2]],
    ['1.0', 1],
    ['{"$bytes":"AAEC"}', new Uint8Array([0, 1, 2])],
    ['{add, 1}', tuple(atom('add'), 1)],
    ['{x, 1.0}', tuple(atom('x'), new Float(1))],
    ['[{a, "x"}]', [tuple(atom('a'), [120])]],
    ['12345678901234567890', 12_345_678_901_234_567_890n],
    ['ok', atom('ok')],
    ['null', null],
    ['undefined', undefined],
  ])('%s is JSON, or else what Erlang writes', (text, term) => {
    expect(termOf('term', text)).toStrictEqual(term);
  });

  test('that is neither is refused: where it is wrong, or as the JSON that it was meant to be', () => {
    expect(detailOf(() => termOf('term', '{add, X}'))).toContain('variables have no value here');
    expect(detailOf(() => termOf('term', '{add, X}'))).toContain('character 7');
    expect(detailOf(() => termOf('term', '{"a" 1}'))).toContain('is not JSON');
    expect(detailOf(() => termOf('term', '[{"a": 12345678901234567890}]'))).toContain('cannot hold exactly');
  });

  test('arguments are a list', () => {
    expect(listTermOf('args', '[{a, 1}]')).toStrictEqual([tuple(atom('a'), 1)]);
    expect(listTermOf('args', '[]')).toStrictEqual([]);
    for (const text of ['1', '"ab"', '{a}', '[1|2]'])
      expect(detailOf(() => listTermOf('args', text))).toContain('a list');
  });
});

describe('a term as JSON', () => {
  test.each<readonly [string, string]>([
    ['{ok, "ab", <<"text">>, [], {}}', '["ok",[97,98],"text",[],[]]'],
    ['[true, null, undefined, 1.0, 1.5, 1]', '[true,null,null,1,1.5,1]'],
    ['<<255>>', '{"$bytes":"/w=="}'],
    ['1180591620717411303424', '{"$bigint":"1180591620717411303424"}'],
    ['#{a => 1, <<"b">> => 2, 3 => 4, {x} => 5}', '{"3":4,"a":1,"b":2,"{x}":5}'],
    ['#{a => 1, <<"a">> => 2}', '{"a":1,"<<\\"a\\">>":2}'],
    ["#{'__proto__' => 1}", '{"__proto__":1}'],
    [
      '[{a, <<1:3>>, [1|2], fun a:b/1}]',
      '[["a",{"$term":"<<1:3>>"},{"$term":"[1|2]"},{"$term":"fun a:b/1"}]]',
    ],
  ])('%s', (text, json) => {
    const parsed = parseTerm(text);
    if (!parsed.ok) throw new Error(parsed.error.detail);
    expect(documentText(termToJson(parsed.value))).toBe(json);
  });

  test('of values of JavaScript, and of pids of other nodes', () => {
    expect(termToJson({ a: 'x', b: [undefined] })).toEqual({ a: 'x', b: [null] });
    const pid = new NodePid(new PidTerm('a@host', 5, 0, 1));
    const identities = { termOf: (value: object) => (value instanceof NodePid ? value.term : undefined) };
    expect(termToJson([pid], { identities })).toEqual([{ $term: '<a@host.5.0>' }]);
  });
});
