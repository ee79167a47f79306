import { resolve } from 'node:path';
import { expect, test } from 'vitest';
import { Child, ROOT } from '../cli/process.ts';

test('examples/effect.mjs: a failed actor is restarted after its delay, and all ends with the scope', async () => {
  const ended = await new Child([resolve(ROOT, 'examples/effect.mjs')]).ended;
  expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
  expect(ended.stdout.split('\n').slice(0, -1)).toEqual([
    'till: open',
    'total 13',
    'till: locked',
    'ServerExit no price of unicorn',
    'till: open',
    'total 0',
    'till: locked',
  ]);
});
