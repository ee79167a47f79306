/** What a module in a thread returns is known there by its mark: the thread has a copy of the library. */
import { expect, test } from 'vitest';
import { ExitSignal } from '../../src/actor/exit-reason.ts';
import { transferred } from '../../src/isolation.ts';
import { err } from '../../src/mesh/errors/rpc-error.ts';
import { ignore, noReply, reply, started, stop } from '../../src/otp.ts';

const mark = (value: unknown, name: string): unknown => (value as Record<symbol, unknown>)[Symbol.for(name)];

test('every result of a server bears its kind', () => {
  const results = {
    reply: reply(1, 2),
    noReply: noReply(1),
    stop: stop('normal', 1),
    ignore,
    started: started(1, {}),
  };
  for (const [kind, result] of Object.entries(results)) expect(mark(result, 'espalier.result')).toBe(kind);
});

test('so do an exit, a declared failure and what is to be moved', () => {
  expect(mark(new ExitSignal('enough'), 'espalier.exit')).toBe(true);
  expect(mark(err('no'), 'espalier.err')).toBe(true);
  const buffer = new ArrayBuffer(8);
  expect(mark(transferred({ buffer }, [buffer]), 'espalier.transfer')).toEqual([buffer]);
});
