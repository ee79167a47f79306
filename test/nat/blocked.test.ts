/**
 * A NAT that lets no UDP through: the node behind it reaches its station over TLS, within seconds, and finds back to UDP when that
 * is let through.
 */
import { afterEach, expect, test } from 'vitest';
import { isSkipped, Lab } from './lab.ts';

/** UDP is taken for blocked after 1.5 s; the rest is for a busy machine. Milliseconds. */
const ATTACHED_WITHIN = 5_000;
/** After UDP is let through. */
const DIRECT_WITHIN = 40_000;

let lab: Lab;
afterEach(() => lab?.down());

test.skipIf(isSkipped('blocked UDP'))(
  'a node attaches over TLS, calls and is called, and goes direct when UDP is let through',
  async () => {
    lab = new Lab('port', 'blocked');
    const station = await lab.station();
    const [a, b] = await Promise.all([lab.behind('a', [station]), lab.behind('b', [station])]);
    expect(b.attachedAfter).toBeLessThan(ATTACHED_WITHIN);
    await a.do('serve', { name: 'math.twice' });
    await b.do('serve', { name: 'math.double' });
    await a.do('call', { name: 'math.double' });
    await b.do('call', { name: 'math.twice' });
    expect(await a.do('path', { peer: b.id })).toMatchObject({ path: 'relayed', via: station.id });
    await a.do('load', { name: 'math.double', pause: 20 });
    lab.unblock('natB');
    const peer = b.id;
    const there = await a.do('until', { peer, paths: ['direct', 'punched'], within: DIRECT_WITHIN });
    const { failed } = await a.do('end');
    expect(failed).toEqual({});
    expect(there, JSON.stringify([await a.do('events'), await b.do('peers')])).toBeDefined();
  },
);
