/** Two nodes behind NATs that call each other, and how that goes. */
import { expect } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { contextOf, type MeshWorld } from '../../mesh-world.ts';
import { natWorld, pathTo, type NatWorld, type Type } from './nat-world.ts';

export interface Conversation extends NatWorld {
  readonly alice: Node;
  readonly bob: Node;
}

export async function conversation(
  seed: string,
  one: Type,
  other: Type,
  until: 'relayed' | 'punched',
): Promise<Conversation> {
  const made = await natWorld(seed);
  const { world, behind } = made;
  const alice = await behind('alice', one);
  const bob = await behind('bob', other);
  await serve(world, bob, 'bob.echo');
  await serve(world, alice, 'alice.echo');
  expect(await world.settle(alice.call('bob.echo', { n: 0 }))).toBe(0);
  await world.clock.until(
    () => pathTo(alice, bob)?.kind === until && pathTo(bob, alice)?.kind === until,
    2_000,
  );
  return { ...made, alice, bob };
}

/** Gives back what it gets, for everybody to find. */
export async function serve(world: MeshWorld, node: Node, name: string): Promise<void> {
  await world.settle(node.advertise(name, ({ n }: { n: number }) => n));
  await world.clock.until(() => contextOf(node).discovery.publications.get(name)?.state === 'published');
}

export interface Traffic {
  /** Ends it; gives what failed, and the longest wait between two answers, ms. */
  stop(): Promise<{ readonly failures: readonly unknown[]; readonly done: number; readonly gap: number }>;
}

/** Calls both ways, so many at a time, one after the other. */
export function traffic({ world, alice, bob }: Conversation, width = 8): Traffic {
  const failures: unknown[] = [];
  let [running, done, gap, last] = [true, 0, 0, world.clock.now()];
  const lane = async (from: Node, name: string): Promise<void> => {
    for (let n = 0; running; n++) {
      const result = await from.tryCall(name, { n }, { timeout: 20_000 });
      if (!result.ok || result.value !== n) failures.push(result);
      done++;
      gap = Math.max(gap, world.clock.now() - last);
      last = world.clock.now();
    }
  };
  const lanes = Array.from({ length: width }, (_, i) =>
    i % 2 === 0 ? lane(alice, 'bob.echo') : lane(bob, 'alice.echo'),
  );
  return {
    stop: async () => {
      running = false;
      await world.settle(Promise.all(lanes));
      return { failures, done, gap };
    },
  };
}
