/** What others do to a relay is seen at a tunnel that has nothing to do with it. */
import { expect } from 'vitest';
import { Drain, type RelayWorld, type Stage } from './relay-world.ts';

/** A tunnel that is there and is not to be harmed. */
export interface Witness {
  readonly id: string;
  readonly works: (text?: string) => Promise<void>;
}

export async function witness({ world, a, b }: Stage): Promise<Witness> {
  const { near, far } = await world.tunnel(a, b);
  const drain = new Drain(far.stream);
  let expected = '';
  return {
    id: near.tunnelId,
    works: async (text = 'still there') => {
      near.stream.write(text);
      expected += text;
      await world.until(() => drain.length >= expected.length, 1_000);
      expect(drain.text).toBe(expected);
    },
  };
}

/** An id as the relay makes them. */
export const guess = (world: RelayWorld): string =>
  Buffer.from(world.random.bytes(16)).toString('hex').toUpperCase();
