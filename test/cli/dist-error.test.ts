import { describe, expect, test } from 'vitest';
import { DistError, ofErpc, ofExit, type Asked, type DistFailure } from '../../src/cli/dist/dist-error.ts';
import { errorDocument } from '../../src/cli/error-document.ts';
import { exitCodeOf } from '../../src/cli/exit-code.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { ErpcError, type ErpcFailure } from '../../src/dist/erpc.ts';
import { ExitError } from '../../src/otp/errors.ts';

const node = 'a@host';
const ASKED: Asked = { node, what: 'lists:map/2', timeout: 700, text: {} };
const LOST = { tag: 'noconnection', node, detail: 'it was lost before the answer' } as const;

describe('a call or a spawn that ends by', () => {
  test.each<readonly [unknown, DistFailure, number]>([
    ['noconnection', LOST, 1],
    ['noproc', { tag: 'noproc', node, name: 'lists:map/2' }, 3],
    ['undef', { tag: 'undef', node, function: 'lists:map/2' }, 3],
    ['timeout', { tag: 'timeout', timeout: 700 }, 4],
    ['notsup', { tag: 'refused', node, reason: 'notsup' }, 1],
    [{ overloaded: 'peer' }, { tag: 'refused', node, reason: 'overloaded' }, 1],
    [{ tag: 'too_large', bytes: 1 }, { tag: 'refused', node, reason: 'too_large' }, 1],
    ['killed', { tag: 'exit', reason: 'killed' }, 5],
    [tuple(atom('crash'), 'TypeError'), { tag: 'exit', reason: '{crash,<<"TypeError">>}' }, 5],
    [{ shutdown: 'x' }, { tag: 'exit', reason: '{shutdown,x}' }, 5],
  ])('%o', (reason, failure, code) => {
    const error = ofExit(new ExitError('call', reason), ASKED);
    expect(error.failure).toEqual(failure);
    expect(exitCodeOf(error)).toBe(code);
  });
});

describe('a function that ends by', () => {
  const exception = (reason: unknown, stack: unknown = []): ErpcFailure => ({
    tag: 'exception',
    class: 'error',
    reason,
    stack,
  });
  const frame = (name: string): unknown => [tuple(atom('lists'), atom(name), 2, [])];
  const failed = (reason: string): DistFailure => ({ tag: 'exception', class: 'error', reason });

  test.each<readonly [ErpcFailure, DistFailure, number]>([
    [{ tag: 'noconnection' }, LOST, 1],
    [{ tag: 'timeout' }, { tag: 'timeout', timeout: 700 }, 4],
    [{ tag: 'signal', reason: 'killed' }, { tag: 'exit', reason: 'killed' }, 5],
    [{ tag: 'notsup' }, { tag: 'refused', node, reason: 'notsup' }, 1],
    [{ tag: 'overloaded', bound: 'peer' }, { tag: 'refused', node, reason: 'overloaded' }, 1],
    [{ tag: 'refused', reason: atom('why') }, { tag: 'refused', node, reason: 'why' }, 1],
    [exception('undef'), { tag: 'undef', node, function: 'lists:map/2' }, 3],
    [exception('undef', frame('map')), { tag: 'undef', node, function: 'lists:map/2' }, 3],
    [exception('undef', frame('other')), failed('undef'), 5],
    [exception(tuple(atom('badkey'), 1)), failed('{badkey,1}'), 5],
  ])('%o', (failure, expected, code) => {
    const error = ofErpc(new ErpcError('erpc', failure), ASKED);
    expect(error.failure).toEqual(expected);
    expect(exitCodeOf(error)).toBe(code);
  });
});

test('what is left says in one line what to do, exits with 1, and is a document', () => {
  const missing = new DistError({ tag: 'no_epmd', address: '127.0.0.1:4369', detail: 'ECONNREFUSED' });
  const taken = new DistError({ tag: 'name_taken', name: 'a', port: 5 });
  expect([exitCodeOf(missing), exitCodeOf(taken)]).toEqual([1, 1]);
  expect(missing.message).toContain('epmd -daemon');
  expect(errorDocument(taken)).toEqual({
    tag: 'name_taken',
    message: 'a node on this machine is a already, at port 5',
    retryable: false,
    details: { name: 'a', port: 5 },
  });
});
