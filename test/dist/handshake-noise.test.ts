import fc from 'fast-check';
import { expect, test } from 'vitest';
import { termsAt } from '../fuzz/dist-inputs.ts';
import { DistWorld } from './dist-world.ts';
import { framed, RawPeer } from './raw-peer.ts';

/** What a stranger may say: messages of a handshake, changed or not, and noise, in packets or not. */
const words = fc.array(fc.tuple(fc.nat({ max: 100_000 }), fc.boolean(), fc.boolean()), {
  minLength: 1,
  maxLength: 8,
});

test('whatever strangers say, whoever dials, they are gone when the time for a handshake is over, and nobody crashes', async () => {
  await fc.assert(
    fc.asyncProperty(words, fc.boolean(), async (said, dialed) => {
      const world = new DistWorld();
      const node = await world.node('one');
      const raw = new RawPeer('secret');
      raw.name = 'raw@host';
      let answer: Promise<boolean> | undefined;
      if (dialed) {
        world.net.listening.set(raw.name, (incoming) => raw.take(incoming.accept(raw.events) as never));
        answer = node.dist.connect(raw.name);
        await world.clock.settle();
      } else raw.take((await world.raw(node)).stream);
      for (const [index, inPacket, settled] of said) {
        const bytes = termsAt(7, index % 3 === 0 ? index % 30 : index).subarray(0, 60_000);
        raw.write(inPacket ? framed(2, bytes) : bytes);
        if (settled) await world.clock.settle();
      }
      await world.clock.advance(9_000);
      expect([node.dist.nodes(), node.changes, world.net.wires.size]).toEqual([[], [], 0]);
      if (answer !== undefined) expect(await answer).toBe(false);
      expect(node.reports.filter(({ tag }) => tag === 'crash')).toEqual([]);
      await world.close();
    }),
    { numRuns: 150 },
  );
});
