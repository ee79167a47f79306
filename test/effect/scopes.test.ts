/** Whatever happens to actors and their fibers: what was acquired is released, once, and nothing is left. */
import * as Effect from 'effect/Effect';
import { expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { seededRandom, type Random } from '../../src/actor/random.ts';
import { Actor, effectWorker } from '../../src/effect.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { seededWorld } from '../actor/world.ts';

const SEEDS = 200;

/** Holds something, takes messages, and does what they say; its cleanup takes up to 20 ms. */
function member(held: Set<object>, ended: object[], random: Random) {
  const hold = Effect.acquireRelease(
    Effect.sync(() => {
      const thing = {};
      held.add(thing);
      return thing;
    }),
    (thing) =>
      Effect.andThen(
        random.float() < 0.5 ? Effect.void : Effect.sleep(random.float() * 20),
        Effect.sync(() => {
          ended.push(thing);
          held.delete(thing);
        }),
      ),
  );
  return Effect.gen(function* () {
    yield* hold;
    const { receive, self } = yield* Actor;
    for (;;) {
      const message = yield* receive;
      if (message._tag !== 'Info') continue;
      if (message.message === 'fail') yield* Effect.fail('failed');
      if (message.message === 'die') yield* Effect.die(new Error('bug'));
      if (message.message === 'interrupt') yield* Effect.interrupt;
      if (message.message === 'end') return;
      if (message.message === 'suicide') self.exit(self.pid, 'kill');
      if (message.message === 'hold') yield* Effect.scoped(Effect.andThen(hold, Effect.sleep(5)));
    }
  });
}

const ORDERS = ['fail', 'die', 'interrupt', 'end', 'suicide', 'hold', 'hold', 'hold', 'x', 'x'];

test(`what actors hold is released once, whichever way they end (${SEEDS} seeds)`, async () => {
  let released = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const { runtime, clock } = seededWorld(seed);
    const random = seededRandom(seed);
    const held = new Set<object>();
    const ended: object[] = [];
    const sup = await startDynamicSupervisor(runtime, { intensity: 1_000 });
    const members: Process[] = [];
    for (let step = 0; step < 30; step++) {
      const draw = random.float();
      const target = members[Math.floor(random.float() * members.length)];
      if (draw < 0.3 || target === undefined) {
        const restart = random.float() < 0.5 ? 'permanent' : 'temporary';
        const spec = effectWorker('m', member(held, ended, random), { restart, shutdown: 10 });
        members.push((await sup.startChild(spec)) as Process);
      } else if (draw < 0.7) {
        runtime.send(target, ORDERS[Math.floor(random.float() * ORDERS.length)]);
      } else if (draw < 0.8) runtime.exit(target, 'kill');
      else if (draw < 0.9) runtime.exit(target, 'bad');
      else await clock.advance(random.float() * 10);
    }
    void sup.stop(1_000).catch(() => undefined);
    await clock.advance(1_000);
    expect({ seed, alive: runtime.alive }).toEqual({ seed, alive: 0 });
    expect({ seed, held: held.size, twice: ended.length - new Set(ended).size }).toEqual({
      seed,
      held: 0,
      twice: 0,
    });
    expect({ seed, timers: runtime.timers.size }).toEqual({ seed, timers: 0 });
    released += ended.length;
  }
  expect(released).toBeGreaterThan(5 * SEEDS);
});
