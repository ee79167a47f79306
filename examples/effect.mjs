/**
 * Actors in a program written with effect: a runtime as a layer, an effect as a supervised actor, a schedule between its
 * restarts, calls with typed errors.
 *
 *   node examples/effect.mjs
 *
 * The tree:
 *
 *   shop         oneForOne
 *   ├── prices   a GenServer
 *   └── till     an effect: keeps a total, asks prices; fails when it meets what it cannot read
 */
import * as Effect from 'effect/Effect';
import * as Schedule from 'effect/Schedule';
import {
  Actor,
  ActorRuntime,
  call,
  cast,
  effectWorker,
  layer,
  scheduleDelay,
  startSupervisor,
} from 'espalier/effect';
import { NameScope, reply, ServerRef, silentLogger, worker } from 'espalier/otp';

const scope = new NameScope();

const pricesServer = {
  label: 'prices',
  init: () => ({ hammer: 12, nail: 1 }),
  handleCall: {
    of: (item, prices) => reply(prices[item], prices),
  },
};

/** Its total is lost when it fails; its drawer is locked whichever way it ends. */
const till = Effect.gen(function* () {
  const { receive } = yield* Actor;
  const prices = new ServerRef(yield* ActorRuntime, { scope, name: 'prices' });
  yield* Effect.acquireRelease(
    Effect.sync(() => console.log('till: open')),
    () => Effect.sync(() => console.log('till: locked')),
  );
  for (let total = 0; ;) {
    const message = yield* receive;
    if (message._tag === 'Call') message.from.reply(total);
    if (message._tag !== 'Cast') continue;
    const price = yield* call(prices, 'of', message.payload);
    if (price === undefined) return yield* Effect.fail(`no price of ${message.payload}`);
    total += price;
  }
});

/** 20, 40, 80 … ms between two restarts in a row. */
const backoff = scheduleDelay(Schedule.exponential('20 millis'));

const program = Effect.gen(function* () {
  yield* startSupervisor({
    intensity: 3,
    children: [
      worker('prices', pricesServer, undefined, { scope }),
      effectWorker('till', till, { scope, restartDelay: backoff }),
    ],
  });
  const ref = new ServerRef(yield* ActorRuntime, { scope, name: 'till' });
  yield* cast(ref, 'sold', 'hammer');
  yield* cast(ref, 'sold', 'nail');
  console.log('total', yield* call(ref, 'total'));
  yield* cast(ref, 'sold', 'unicorn');
  const failed = yield* Effect.flip(call(ref, 'total'));
  console.log(failed._tag, failed.reason);
  // while it waits for its restart nobody answers under its name
  const total = call(ref, 'total').pipe(
    Effect.retry({ schedule: Schedule.spaced('5 millis'), while: ({ _tag }) => _tag === 'NoProc' }),
  );
  console.log('total', yield* total);
});

await Effect.runPromise(Effect.scoped(program).pipe(Effect.provide(layer({ logger: silentLogger }))));
