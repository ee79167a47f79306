/**
 * An advertisement whose caller gives up in the last moment: what it was not told of is not served.
 */
import { describe, expect, test, vi } from 'vitest';
import { contextOf, meshWorld, pair } from '../../mesh-world.ts';

describe('an advertise that is given up in the last moment is taken back', () => {
  test('while the registry notes it: the registry takes it back', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const controller = new AbortController();
    const { advertised } = contextOf(node);
    const noted = vi.spyOn(advertised, 'set').mockImplementationOnce((key, entry) => {
      Map.prototype.set.call(advertised, key, entry);
      controller.abort();
      return advertised;
    });
    const failure = await world.failure(node.advertise('a.b', () => 1, { signal: controller.signal }));
    expect([failure.tag, noted.mock.calls.length]).toEqual(['canceled', 1]);
    await world.clock.advance(10);
    expect(advertised.size).toBe(0);
    expect((await world.failure(node.call('a.b'))).tag).toBe('service_not_found');
    await world.settle(node.advertise('a.b', () => 2));
    expect(await world.settle(node.call('a.b'))).toBe(2);
  });

  test.each(['node', 'client'] as const)(
    'when the registry has answered already: whoever asked takes it back (%s)',
    async (which) => {
      const world = meshWorld();
      const { node, client } = await pair(world);
      const user = { node, client }[which];
      const controller = new AbortController();
      user.events.addEventListener('service.advertised', () => controller.abort(), { once: true });
      const failure = await world.failure(user.advertise('a.b', () => 1, { signal: controller.signal }));
      expect(failure.tag).toBe('canceled');
      await world.clock.advance(50);
      expect([controller.signal.aborted, contextOf(user).advertised.size]).toEqual([true, 0]);
      expect((await world.failure(node.call('a.b'))).tag).toBe('service_not_found');
    },
  );
});
