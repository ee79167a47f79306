/** What is thrown in a thread and cannot be cloned: as much of it as is data reaches the caller, the rest as text. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startWorkerPool, type WorkerFailure, type WorkerPoolRef } from '../../src/isolation.ts';
import type * as Functions from './fixtures/work.mjs';
import { failed, fixture, realWorld } from './threads.ts';

let pool: WorkerPoolRef<typeof Functions>;
beforeAll(async () => {
  const { runtime } = realWorld();
  pool = await startWorkerPool(runtime, { module: fixture('work.mjs'), size: 1, spare: 0, drain: 0 });
});
afterAll(() => pool.stop());

async function thrown(what: string): Promise<unknown> {
  const failure = (await failed(pool.call('throwOddly', [what]))) as Extract<WorkerFailure, { tag: 'threw' }>;
  expect(failure.tag).toBe('threw');
  return failure.error;
}

test('a function and a symbol are told by their description', async () => {
  expect(await thrown('function')).toBe('[Function: lost]');
  expect(await thrown('symbol')).toBe('Symbol(lost)');
  expect(await thrown('promise')).toMatch(/Promise/);
});

test('an object keeps its data; what is none in it becomes text', async () => {
  expect(await thrown('fields')).toEqual({
    code: 'E_LOST',
    text: 'what happened',
    list: [1, '[Function (anonymous)]'],
    then: '[Function: then]',
  });
});

test('an error keeps name, code, message and stack, and of its cause what is data', async () => {
  const outer = (await thrown('cause')) as Error;
  expect(outer).toBeInstanceOf(Error);
  expect([outer.name, outer.message]).toEqual(['RangeError', 'outer']);
  expect(outer.stack).toContain('work.mjs');
  expect(outer.cause).toEqual({ why: 'inner', run: '[Function: run]' });
  const own = (await thrown('own')) as Error;
  expect(own).toMatchObject({ name: 'OwnError', code: 'E_OWN', message: 'mine', cause: 'Symbol(lost)' });
  expect(own.stack).toContain('work.mjs');
});

test('what refuses to be looked at is told as such, and the thread lives on', async () => {
  expect(typeof (await thrown('proxy'))).toBe('string');
  expect(await pool.call('add', [1, 2])).toBe(3);
});

test('an exit keeps the shape of its reason', async () => {
  expect(await failed(pool.call('exitOddly', []))).toEqual({
    tag: 'exit',
    reason: { shutdown: '[Function: shutdown]', note: 'kept' },
  });
});

test('thrown where nobody catches it, it is an exit reason that says what it was', async () => {
  const failure = await failed(pool.call('explodeOddly', []));
  expect(failure.tag).toBe('exit');
  expect(String((failure as { reason: unknown }).reason)).toMatch(/E_LOST.*what happened/s);
});
