/**
 * xstate machines. A machine sends in its sender's stack, so workloads that keep sending are left out: see the notes.
 */
import {
  assign,
  createActor,
  createMachine,
  fromPromise,
  setup,
  type AnyActorRef,
  type AnyStateMachine,
} from 'xstate';
import type { Workloads } from './cases.ts';

const idle = createMachine({ initial: 'on', states: { on: {} } });

const counting = setup({
  types: {
    context: {} as { count: number },
    events: {} as { type: 'toggle' | 'increment'; resolve: (value: number) => void },
  },
  actions: {
    answer: ({ context, event }) => {
      event.resolve(context.count);
    },
    count: assign({ count: ({ context }) => context.count + 1 }),
  },
});
const toggle = counting.createMachine({
  context: { count: 0 },
  initial: 'off',
  states: {
    off: { on: { toggle: { target: 'on', actions: ['answer', 'count'] } } },
    on: { on: { toggle: { target: 'off', actions: ['answer', 'count'] } } },
  },
});

const counter = counting.createMachine({
  context: { count: 0 },
  on: { increment: { actions: ['answer', 'count'] } },
});

/** A machine that runs one handler and is final. */
const invoking = (handler: (input: number) => Promise<number>): AnyStateMachine =>
  setup({
    types: { context: {} as { n: number }, input: {} as number },
    actors: { handler: fromPromise(({ input }: { input: number }) => handler(input)) },
  }).createMachine({
    context: ({ input }) => ({ n: input }),
    initial: 'working',
    states: {
      working: {
        invoke: {
          src: 'handler',
          input: ({ context }) => context.n,
          onDone: 'done',
          onError: 'done',
        },
      },
      done: { type: 'final' },
    },
  });
const work = invoking(async (input) => input + 1);
const failing = invoking(async () => {
  throw new Error('handler');
});

/** A request with the deadline a call has. */
const asked = (send: (resolve: (value: number) => void) => void): Promise<number> =>
  new Promise((resolve, reject) => {
    const timer = setTimeout(reject, 5_000);
    send((value) => {
      clearTimeout(timer);
      resolve(value);
    });
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
      await asked((resolve) => {
        actor.send({ type: 'increment', resolve });
      });
    actor.stop();
  },
  'statem call': async (n) => {
    const actor = createActor(toggle).start();
    for (let made = 0; made < n; made++)
      await asked((resolve) => {
        actor.send({ type: 'toggle', resolve });
      });
    actor.stop();
  },
  'isolated call, eager': async (n) => {
    for (let made = 0; made < n; made++) await settled(createActor(work, { input: made }));
  },
  'isolated call that throws': async (n) => {
    for (let made = 0; made < n; made++) await settled(createActor(failing, { input: made }));
  },
  'bytes per idle actor': async (n) => {
    const kept = Array.from({ length: n }, () => createActor(idle).start());
    return () => {
      for (const actor of kept) actor.stop();
    };
  },
};
