/**
 * Actors out of effect's parts: a fiber that takes from a queue, and a deferred value as the reply.
 */
import * as Deferred from 'effect/Deferred';
import * as Effect from 'effect/Effect';
import * as Fiber from 'effect/Fiber';
import * as Queue from 'effect/Queue';
import type { Workloads } from './cases.ts';

type Reply = Deferred.Deferred<number>;

const server = Effect.gen(function* () {
  const queue = yield* Queue.unbounded<Reply>();
  let count = 0;
  const loop = Effect.forever(
    Effect.gen(function* () {
      const reply = yield* Queue.take(queue);
      yield* Deferred.succeed(reply, ++count);
    }),
  );
  const fiber = yield* Effect.forkDetach(loop);
  const call = Effect.gen(function* () {
    const reply: Reply = yield* Deferred.make<number>();
    yield* Queue.offer(queue, reply);
    return yield* Effect.timeout(Deferred.await(reply), 5_000);
  });
  return { call, stop: Fiber.interrupt(fiber) };
});

const calls = (n: number, clients: number): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const { call, stop } = yield* server;
      const client = Effect.gen(function* () {
        for (let made = 0; made < n / clients; made++) yield* call;
      });
      const fibers = [];
      for (let one = 0; one < clients; one++) fibers.push(yield* Effect.forkDetach(client));
      for (const fiber of fibers) yield* Fiber.join(fiber);
      yield* stop;
    }),
  );

/** `n` messages around `size` fibers, each with a queue of its own. */
const ring = (n: number, size: number): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const queues: Queue.Queue<number>[] = [];
      for (let one = 0; one < size; one++) queues.push(yield* Queue.unbounded<number>());
      const done = yield* Deferred.make<void>();
      const fibers = [];
      for (const [at, queue] of queues.entries()) {
        const next = queues[(at + 1) % size]!;
        const loop = Effect.forever(
          Effect.gen(function* () {
            const left = yield* Queue.take(queue);
            if (left <= 1) yield* Deferred.succeed(done, undefined);
            else yield* Queue.offer(next, left - 1);
          }),
        );
        fibers.push(yield* Effect.forkDetach(loop));
      }
      yield* Queue.offer(queues[0]!, n);
      yield* Deferred.await(done);
      for (const fiber of fibers) yield* Fiber.interrupt(fiber);
    }),
  );

/** An actor that waits for its first message. */
const idle = Effect.gen(function* () {
  const queue = yield* Queue.unbounded<Reply>();
  return yield* Effect.forkDetach(Effect.forever(Queue.take(queue)));
});

export const workloads: Workloads = {
  spawn: (n) =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let made = 0; made < n; made++) yield* Fiber.interrupt(yield* idle);
      }),
    ),
  'spawn + exit + DOWN': (n) =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let made = 0; made < n; made++) {
          const fiber = yield* idle;
          yield* Fiber.interrupt(fiber);
          yield* Fiber.await(fiber);
        }
      }),
    ),
  'ping-pong': (n) => ring(2 * n, 2),
  call: (n) => calls(n, 1),
  'call, 64 clients': (n) => calls(n, 64),
  'ring of 1,000': (n) => ring(n, 1_000),
  'isolated call, eager': (n) =>
    Effect.runPromise(
      Effect.gen(function* () {
        for (let made = 0; made < n; made++)
          yield* Effect.timeout(Fiber.join(yield* Effect.forkDetach(Effect.sync(() => made + 1))), 5_000);
      }),
    ),
  'isolated call that throws': (n) =>
    Effect.runPromise(
      Effect.gen(function* () {
        const throwing = Effect.sync(() => {
          throw new Error('handler');
        });
        for (let made = 0; made < n; made++)
          yield* Effect.timeout(Fiber.await(yield* Effect.forkDetach(throwing)), 5_000);
      }),
    ),
  'bytes per idle actor': async (n) => {
    const fibers = Array.from({ length: n }, () => Effect.runSync(idle));
    return () => {
      for (const fiber of fibers) Effect.runFork(Fiber.interrupt(fiber));
    };
  },
};
