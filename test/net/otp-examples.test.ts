/**
 * The examples of `espalier/otp` run, end by themselves and print what they say.
 */
import { resolve } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { Child, endAll, ROOT } from '../cli/process.ts';

afterEach(endAll);

const PRINTED: Readonly<Record<string, readonly string[]>> = {
  supervision: [
    'oneForOne: +cache',
    'oneForOne: a second crash ends the supervisor with shutdown',
    'restForOne: -web (shutdown) +cache +web',
    'restForOne: a second crash ends the supervisor with shutdown',
    'oneForAll: -web (shutdown) -database (shutdown) +database +cache +web',
    'oneForAll: a second crash ends the supervisor with shutdown',
  ],
  'state-machine': ['you are number 1', 'you are number 2', 'locked again: timeout'],
  'worker-pool': [
    'primes: 9592, 17984, 25997',
    'the endless loop: timeout',
    'after it: 25',
    'this thread was free: true',
  ],
  'let-it-crash': [
    '/ 200 visit 1',
    '/ 200 visit 2',
    '/bug 500 this request crashed',
    '/ 200 visit 3',
    '/corrupt 200 the counter will not like this',
    '/ 200 visit 1',
    '/nowhere 404 no such page',
  ],
};

for (const [name, lines] of Object.entries(PRINTED)) {
  test(`examples/${name}.mjs`, async () => {
    const ended = await new Child([resolve(ROOT, `examples/${name}.mjs`)]).ended;
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.stdout.trimEnd().split('\n')).toEqual(lines);
  });
}
