/** The text of terms and a real Erlang: each reads what the other writes. */
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import { encodeTerm } from '../../src/codec/etf/encode.ts';
import { parseTerm } from '../../src/codec/etf/parse-text.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { termText } from '../../src/codec/etf/text.ts';
import { literal } from '../codec/etf/terms.ts';
import { ErlPort } from './erl-port.ts';

const TERMS = 2_000;
const erl = new ErlPort(['+pc', 'unicode']);
afterAll(async () => {
  await erl.close();
});

function encoded(term: unknown): Uint8Array {
  const result = encodeTerm(term);
  if (!result.ok) throw new Error(`${result.error.reason} at ${result.error.path}`);
  return result.bytes;
}

/** What Erlang makes of a function's source and a term. */
async function applied(fun: string, term: unknown): Promise<unknown> {
  const hex = Buffer.from(encoded(term)).toString('hex');
  return erl.eval(`(${fun})(binary_to_term(binary:decode_hex(<<"${hex}">>)))`);
}

const READ = `fun({Text, Term}) ->
  {ok, Tokens, _} = erl_scan:string(unicode:characters_to_list(<<Text/binary, ".">>)),
  {ok, Read} = erl_parse:parse_term(Tokens),
  Read =:= Term end`;

test(`Erlang reads ${TERMS} of our texts as the terms that they were`, async () => {
  for (const term of fc.sample(literal, { numRuns: TERMS, seed: 11 })) {
    const text = termText(term);
    expect(await applied(READ, tuple(text, term)), text).toBe(true);
  }
}, 120_000);

const WRITE = 'fun(Term) -> unicode:characters_to_binary(io_lib:format("~0tp", [Term])) end';

test(`we read ${TERMS} texts of Erlang as the terms that they were`, async () => {
  for (const term of fc.sample(literal, { numRuns: TERMS, seed: 12 })) {
    const text = Buffer.from((await applied(WRITE, term)) as Uint8Array).toString('utf8');
    expect(parseTerm(text), text).toStrictEqual({ ok: true, value: term });
  }
}, 120_000);

/** Erlang sorts the keys of maps, and writes what steers a terminal as it is. */
const isAlike = (text: string): boolean =>
  !/=> .*=>|[\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069\ufeff]|\\x|'(?:maybe|else)'/s.test(text);

test('both write the same text, where nothing says otherwise', async () => {
  let compared = 0;
  for (const term of fc.sample(literal, { numRuns: TERMS, seed: 13 })) {
    const theirs = Buffer.from((await applied(WRITE, term)) as Uint8Array).toString('utf8');
    if (!isAlike(theirs)) continue;
    compared++;
    expect(termText(term)).toBe(theirs);
  }
  expect(compared).toBeGreaterThan(TERMS / 2);
}, 120_000);

describe('Erlang finds the same in a text', () => {
  const texts = [
    '[a % a comment\n,b]',
    '"ab" "c"',
    '-16#ff',
    '36#zZ',
    '1_000.5e1_0',
    String.raw`[$a, $\n, -$\x{ff}, $ ]`,
    String.raw`"\x41\101\7\^A\^z\s\d\e\q\x{1F600}"`,
    String.raw`'a\x{7}\'b\0'`,
    '<<"ï",1000:16,1000:16/little,-1,256>>',
    '<<"ï€"/utf8,8364/utf8>>',
    '<<1.5:32/float,1/float,1.5/float-little>>',
    '<<5:3,1000:12/little,-3:20,7:1>>',
    '<<1000:13/big-unsigned-integer>>',
    '<<5:3,1:5>>',
    '<<0:0>>',
    'fun lists:map/2',
    '#{a => 1, \'a\' => 2, "x" => <<>>, 1 => a, 1.0 => b}',
    '#{{a,<<"k">>} => 1, {a,<<"k">>} => 2}',
    '[1|[2|x]]',
    '123456789012345678901234567890',
    '-0.0',
  ];
  test.each(texts)('%s', async (text) => {
    const parsed = parseTerm(text);
    if (!parsed.ok) throw new Error(parsed.error.detail);
    expect(await applied(READ, tuple(text, parsed.value))).toBe(true);
  });

  test.each(['{a', '[1|2,3]', 'end', '{a} b', '"abc', '8#9', '1.0e999', '37#0', String.raw`"\x{d800}"`])(
    'and neither reads %s',
    async (text) => {
      expect(parseTerm(text).ok).toBe(false);
      const fun = `fun(Text) -> try (${READ})({Text, none}) of _ -> read catch _:_ -> refused end end`;
      expect(await applied(fun, text)).toBe(atom('refused'));
    },
  );
});
