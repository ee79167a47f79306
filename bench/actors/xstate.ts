/**
 * xstate machines. A machine sends in its sender's stack, so workloads that keep sending are left out: see the notes.
 */
import { createActor, createMachine, fromPromise, type AnyActorRef } from 'xstate';
import type { Workloads } from './cases.ts';

const idle = createMachine({ initial: 'on', states: { on: {} } });

const counter = createMachine({
  types: { events: {} as { type: 'increment'; resolve: (value: number) => void } },
  context: { count: 0 },
  on: {
    increment: {
      actions: ({ context, event }) => {
        event.resolve(++context.count);
      },
    },
  },
});

const work = fromPromise(async ({ input }: { input: number }) => input + 1);
const failing = fromPromise(async () => {
  throw new Error('handler');
});

const settled = (actor: AnyActorRef): Promise<void> =>
  new Promise((resolve) => {
    const end = (): void => {
      resolve();
    };
    actor.subscribe({ complete: end, error: end });
    actor.start();
  });

export const workloads: Workloads = {
  spawn: async (n) => {
    for (let made = 0; made < n; made++) createActor(idle).start().stop();
  },
  'spawn + exit + DOWN': async (n) => {
    let downs = 0;
    for (let made = 0; made < n; made++) {
      const actor = createActor(idle);
      actor.subscribe({ complete: () => downs++ });
      actor.start().stop();
    }
    if (downs !== n) throw new Error(`${downs} of ${n} heard of`);
  },
  call: async (n) => {
    const actor = createActor(counter).start();
    for (let made = 0; made < n; made++)
      await new Promise<number>((resolve) => {
        actor.send({ type: 'increment', resolve });
      });
    actor.stop();
  },
  'isolated call': async (n) => {
    for (let made = 0; made < n; made++) await settled(createActor(work, { input: made }));
  },
  'isolated call that throws': async (n) => {
    for (let made = 0; made < n; made++) await settled(createActor(failing));
  },
  'bytes per idle actor': async (n) => {
    const kept = Array.from({ length: n }, () => createActor(idle).start());
    return () => {
      for (const actor of kept) actor.stop();
    };
  },
};
