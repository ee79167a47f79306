import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { decodeTerm } from '../../src/codec/etf/decode.ts';
import { encodeTerm } from '../../src/codec/etf/encode.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { anyTerm } from '../codec/etf/terms.ts';
import { ErlPort } from './erl-port.ts';

const TERMS = 10_000;
const erl = new ErlPort();
afterAll(async () => {
  await erl.close();
});

function encoded(term: unknown): Uint8Array {
  const result = encodeTerm(term);
  if (!result.ok) throw new Error(`${result.error.reason} at ${result.error.path}`);
  return result.bytes;
}

test(`${TERMS} terms come back from Erlang as they were, and Erlang finds them the same`, async () => {
  const terms = fc.sample(anyTerm(false), { numRuns: TERMS, seed: 5 });
  for (const term of terms) {
    const echoed = decodeTerm(await erl.ask('echo', encoded(term)));
    if (!echoed.ok) throw new Error(`${echoed.rule}: ${fc.stringify(term)}`);
    expect(echoed.value).toStrictEqual(term);
    const same = decodeTerm(await erl.ask('same', encoded(tuple(term, echoed.value))));
    expect(same, fc.stringify(term)).toMatchObject({ value: true });
  }
}, 120_000);
