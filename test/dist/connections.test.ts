import { afterEach, describe, expect, test } from 'vitest';
import { DistWorld } from './dist-world.ts';

let world = new DistWorld();
afterEach(async () => {
  await world.close();
  world = new DistWorld();
});

describe('a connection', () => {
  test('is up at both ends, once', async () => {
    const [one, two] = await world.pair();
    expect([one.changes, two.changes]).toEqual([['up two@host'], ['up one@host']]);
    expect([one.dist.nodes(), two.dist.nodes()]).toEqual([['two@host'], ['one@host']]);
    expect(world.net.wires.size).toBe(1);
  });
});
