import { afterEach, beforeEach, expect, test } from 'vitest';
import type { DistributionOptions } from '../../src/distribution.ts';
import { COOKIE, DistWorld } from './dist-world.ts';

let world: DistWorld;
beforeEach(() => {
  world = new DistWorld();
});
afterEach(() => world.close());

const settle = (): Promise<void> => world.clock.settle();
const said = (value: unknown) => (): never => value as never;

test.each<readonly [string, Partial<DistributionOptions>]>([
  ['allowed', { allowed: said(Promise.resolve(true)) }],
  ['allowed', { allowed: said(undefined) }],
  ['allowed', { allowed: said(1) }],
  ['keys', { keys: said(Promise.resolve(undefined)) }],
  ['keys', { keys: said('not an id') }],
  ['keys', { keys: said(5) }],
  ['cookie', { cookie: said(Promise.resolve('secret')) }],
  ['cookie', { cookie: said(5) }],
  ['cookie', { cookie: said('') }],
])(
  '%s that says something else than it should lets nobody in, and harms nobody (%#)',
  async (what, options) => {
    const strict = await world.node('strict', options);
    const raw = await world.raw(strict);
    raw.introduce('raw@host');
    await settle();
    raw.hear('status');
    const asked = raw.hear('challenge');
    if (asked?.type === 'challenge') raw.reply(asked.challenge, what === 'cookie' ? '' : COOKIE);
    await settle();
    expect([strict.changes, raw.hear('ack')]).toEqual([[], undefined]);
    expect(await world.wait(strict.dist.connect('other@host'))).toBe(false);
    expect(strict.reports.filter(({ tag }) => tag === 'crash')).toEqual([]);
  },
);
