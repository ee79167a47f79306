import * as Cause from 'effect/Cause';
import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import type * as Exit from 'effect/Exit';
import { describe, expect, test } from 'vitest';
import { exit } from '../../src/actor/exit-reason.ts';
import { NameScope } from '../../src/actor/names.ts';
import type { Process } from '../../src/actor/process.ts';
import { Actor, awaitExit, effectWorker, startActor, startEffectLink } from '../../src/effect.ts';
import { ServerRef } from '../../src/otp/server-ref.ts';
import { stopProcess } from '../../src/otp/stop.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { failure, recorder, spawn } from '../actor/world.ts';
import { effectWorld, type EffectWorld } from './world.ts';

/** Starts a body as an actor of its own and gives its process. */
async function actor(
  { runtime, clock }: EffectWorld,
  body: Parameters<typeof startEffectLink>[1],
  options: Parameters<typeof startEffectLink>[3] = {},
): Promise<Process> {
  const parent = spawn(runtime, undefined, { trapExit: true });
  const result = await startEffectLink(parent, body, undefined, options);
  if (result.tag !== 'ok') throw new Error(`not started: ${result.tag}`);
  await clock.settle();
  return result.pid as Process;
}

/** A body that waits for ever and writes how it ended. */
const waiting = (log: string[], cleanup: Effect.Effect<unknown> = Effect.void) =>
  Effect.never.pipe(
    Effect.onInterrupt(() =>
      Effect.andThen(
        Effect.sync(() => log.push('interrupted')),
        Effect.andThen(
          cleanup,
          Effect.sync(() => log.push('cleaned')),
        ),
      ),
    ),
  );

test('a start without a process for a parent, or with invalid options, is an error and never thrown', async () => {
  const { runtime } = effectWorld();
  for (const none of [undefined, null, {}, 5])
    expect(startEffectLink(none as never, Effect.void)).toMatchObject({
      tag: 'error',
      reason: { message: expect.stringContaining('parent must be the process itself') },
    });
  const parent = spawn(runtime);
  for (const none of [null, 5])
    expect(startEffectLink(parent, Effect.void, undefined, none as never)).toMatchObject({
      tag: 'error',
      reason: { message: expect.stringContaining('options must be an object') },
    });
});

test.each([{ mailbox: 0 }, { label: 5 }, { trapExit: 'yes' }, { name: null }, { timeout: '5' }])(
  'what makes no sense of the process is an error where it is written: %o',
  async (options) => {
    const world = effectWorld();
    const name = Object.keys(options).join('');
    const parent = spawn(world.runtime);
    const message = expect.stringMatching(`^${name}\\b`) as string;
    expect(startEffectLink(parent, Effect.void, undefined, options as never)).toMatchObject({
      tag: 'error',
      reason: { message },
    });
    expect(() => effectWorker('child', Effect.void, options as never)).toThrow(
      new RegExp(`^child child: ${name}\\b`),
    );
    // a mistake of the program, no failure to be handled
    const exit = await world.run(startActor(Effect.void, options as never));
    expect(Cause.squash((exit as Exit.Failure<never, never>).cause)).toMatchObject({ message });
    expect(world.runtime.spawned).toBe(1);
  },
);

describe('an effect is an actor', () => {
  test('its success ends the actor normal, without a report', async () => {
    const world = effectWorld();
    const process = await actor(world, Effect.succeed(1));
    expect([process.alive, process.reason]).toEqual([false, 'normal']);
    expect(world.reports).toEqual([]);
  });

  test('its failure is the exit reason, with one crash report; an orderly word is an orderly end', async () => {
    const world = effectWorld();
    const boom = { _tag: 'Boom' };
    expect((await actor(world, Effect.fail(boom))).reason).toBe(boom);
    expect(world.reports).toMatchObject([{ tag: 'crash', type: 'EffectActor', reason: boom }]);
    expect((await actor(world, Effect.fail('shutdown'))).reason).toBe('shutdown');
    expect(world.reports.length).toBe(1);
  });

  test('its defect is the exit reason; exit(reason) is that reason', async () => {
    const world = effectWorld();
    const bug = new Error('bug');
    expect((await actor(world, Effect.die(bug))).reason).toBe(bug);
    expect(
      (
        await actor(
          world,
          Effect.sync(() => exit('chosen')),
        )
      ).reason,
    ).toBe('chosen');
  });

  test('it fails later, too: after a sleep on the runtime’s clock', async () => {
    const world = effectWorld();
    const process = await actor(world, Effect.andThen(Effect.sleep(100), Effect.fail('late')));
    await world.clock.advance(99);
    expect(process.alive).toBe(true);
    await world.clock.advance(1);
    expect(process.reason).toBe('late');
  });

  test('its interruption kills the actor: linked ones see killed', async () => {
    const world = effectWorld();
    const { pid, inbox } = recorder(world.runtime, { trapExit: true });
    const body = Effect.andThen(Effect.sleep(1), Effect.interrupt);
    const process = await actor(world, body);
    world.runtime.link(pid, process);
    await world.clock.advance(1);
    expect(process.reason).toBe('killed');
    expect(inbox).toMatchObject([{ message: { tag: 'EXIT', reason: 'killed' } }]);
  });
});

describe('the end of an actor interrupts its fiber', () => {
  test('killed: at once; its finalizers run, nobody waits for them', async () => {
    const world = effectWorld();
    const log: string[] = [];
    const process = await actor(world, waiting(log, Effect.sleep(50)));
    world.runtime.exit(process, 'kill');
    expect([process.alive, process.reason, log]).toEqual([false, 'killed', ['interrupted']]);
    await world.clock.advance(50);
    expect(log).toEqual(['interrupted', 'cleaned']);
    expect(world.reports).toEqual([]);
  });

  test('told to end: the finalizers have run before it is dead', async () => {
    const world = effectWorld();
    const log: string[] = [];
    const process = await actor(world, waiting(log, Effect.sleep(50)));
    const stopped = stopProcess(process, process.parentProcess, 1_000);
    await world.clock.advance(49);
    expect([process.alive, log]).toEqual([true, ['interrupted']]);
    await world.clock.advance(1);
    expect(await stopped).toBe('shutdown');
    expect(log).toEqual(['interrupted', 'cleaned']);
    expect(world.reports).toEqual([]);
  });

  test('told to end while it never takes a message: what is queued does not hold it up', async () => {
    const world = effectWorld();
    const log: string[] = [];
    const process = await actor(world, waiting(log), { mailbox: 3 });
    for (let n = 0; n < 10; n++) world.runtime.send(process, n);
    await world.clock.settle();
    expect(await stopProcess(process, process.parentProcess, 1_000)).toBe('shutdown');
    expect(world.clock.now()).toBe(0);
  });

  test('a cleanup that takes longer than its shutdown is killed', async () => {
    const world = effectWorld();
    const log: string[] = [];
    const process = await actor(world, waiting(log, Effect.sleep(500)));
    const stopped = stopProcess(process, process.parentProcess, 100);
    await world.clock.advance(100);
    expect(await stopped).toBe('killed');
    expect(log).toEqual(['interrupted']);
  });

  test('a finalizer that fails replaces the reason, as a crash in terminate does', async () => {
    const world = effectWorld();
    const process = await actor(world, waiting([], Effect.die('broken')));
    expect(await stopProcess(process, process.parentProcess, 100)).toBe('broken');
    expect(world.reports).toMatchObject([{ tag: 'crash', reason: 'broken' }]);
  });

  test('its scope closes when it ends, whichever way', async () => {
    const world = effectWorld();
    for (const ends of [true, false]) {
      const log: string[] = [];
      const held = Effect.acquireRelease(Effect.succeed('file'), () => Effect.sync(() => log.push('closed')));
      const process = await actor(world, Effect.andThen(held, ends ? Effect.fail('x') : Effect.never));
      if (!ends) world.runtime.exit(process, 'kill');
      expect([process.alive, log]).toEqual([false, ['closed']]);
    }
  });

  test('it is told to end before its first turn: the effect never begins', async () => {
    const { runtime, clock } = effectWorld();
    const parent = spawn(runtime, undefined, { trapExit: true });
    let begun = false;
    const begin = Effect.sync(() => {
      begun = true;
    });
    // not awaited: it has no turn in between
    const { pid } = startEffectLink(parent, begin) as unknown as { readonly pid: Process };
    runtime.exit(pid, 'shutdown', parent);
    await clock.settle();
    expect([pid.reason, begun]).toEqual(['shutdown', false]);
  });
});

describe('exit signals', () => {
  test('without trapExit: normal is ignored, another reason ends the actor, in good order', async () => {
    const world = effectWorld();
    const log: string[] = [];
    const process = await actor(world, waiting(log));
    const other = spawn(world.runtime);
    world.runtime.exit(process, 'normal', other);
    await world.clock.settle();
    expect(process.alive).toBe(true);
    world.runtime.exit(process, 'bad', other);
    await world.clock.settle();
    expect([process.reason, log]).toEqual(['bad', ['interrupted', 'cleaned']]);
  });

  test('with trapExit they are messages', async () => {
    const world = effectWorld();
    const got: unknown[] = [];
    const body = Effect.gen(function* () {
      const { receive } = yield* Actor;
      got.push(yield* receive);
    });
    const process = await actor(world, body, { trapExit: true });
    const other = spawn(world.runtime);
    world.runtime.exit(process, 'bad', other);
    await world.clock.settle();
    expect(got).toMatchObject([{ _tag: 'Exit', from: other, reason: 'bad' }]);
    expect(process.reason).toBe('normal');
  });
});

describe('receive', () => {
  const collect = (got: unknown[], gate: Effect.Effect<unknown> = Effect.void) =>
    Effect.gen(function* () {
      const { receive } = yield* Actor;
      yield* gate;
      for (;;) got.push(yield* receive);
    });

  test('gives calls, casts, messages and Down in the order they came, whether or not it waits', async () => {
    for (const pause of [0, 10]) {
      const world = effectWorld();
      const got: unknown[] = [];
      const process = await actor(world, collect(got, pause === 0 ? Effect.void : Effect.sleep(pause)));
      const ref = new ServerRef(world.runtime, process);
      const watched = spawn(world.runtime);
      world.runtime.monitor(process, watched);
      ref.send('hello');
      ref.cast('put', 1);
      void ref.call('ask', 2).catch(() => undefined);
      world.runtime.exit(watched, 'kill');
      await world.clock.advance(pause);
      expect(got).toMatchObject([
        { _tag: 'Info', message: 'hello' },
        { _tag: 'Cast', cast: 'put', payload: 1 },
        { _tag: 'Call', call: 'ask', payload: 2 },
        { _tag: 'Down', pid: watched, reason: 'killed' },
      ]);
    }
  });

  test('a call is answered by reply; one that is open when the actor ends fails with its reason', async () => {
    const world = effectWorld();
    const body = Effect.gen(function* () {
      const { receive } = yield* Actor;
      const first = yield* receive;
      if (first._tag === 'Call') first.from.reply('pong');
      yield* receive;
      return yield* Effect.fail('tired');
    });
    const ref = new ServerRef(world.runtime, await actor(world, body));
    expect(await ref.call('ping')).toBe('pong');
    expect(await failure(ref.call('ping'))).toMatchObject({ reason: 'tired' });
  });

  test('a call whose caller gave up before is not received', async () => {
    const world = effectWorld();
    const got: unknown[] = [];
    const process = await actor(world, collect(got, Effect.sleep(10)));
    void new ServerRef(world.runtime, process).call('late', 1, { timeout: 5 }).catch(() => undefined);
    world.runtime.send(process, 'x');
    await world.clock.advance(10);
    expect(got).toEqual([{ _tag: 'Info', message: 'x' }]);
  });

  test('an interrupted receive takes nothing: the next one gets the message', async () => {
    const world = effectWorld();
    const got: unknown[] = [];
    const body = Effect.gen(function* () {
      const { receive } = yield* Actor;
      got.push(yield* Effect.timeoutOption(receive, 10));
      got.push(yield* receive);
      yield* Effect.never;
    });
    const process = await actor(world, body);
    await world.clock.advance(10);
    world.runtime.send(process, 'x');
    await world.clock.settle();
    expect(got).toMatchObject([{ _tag: 'None' }, { _tag: 'Info', message: 'x' }]);
  });

  test('never more than the mailbox may hold: the kernel refuses and counts by the policy', async () => {
    const kept = { reject: [0, 1, 2], dropNewest: [0, 1, 2], dropOldest: [7, 8, 9] } as const;
    for (const full of ['reject', 'dropNewest', 'dropOldest'] as const) {
      const world = effectWorld();
      const got: { readonly message?: unknown }[] = [];
      const process = await actor(world, collect(got, Effect.sleep(10)), { mailbox: { bound: 3, full } });
      const told: boolean[] = [];
      for (let n = 0; n < 10; n++) {
        told.push(world.runtime.send(process, n));
        // every other message finds the ones before it in the actor's hands, not in its mailbox
        if (n % 2 === 1) await world.clock.settle();
      }
      expect([full, told.filter((sent) => !sent).length]).toEqual([full, full === 'reject' ? 7 : 0]);
      expect([full, process.dropped]).toEqual([full, 7]);
      await world.clock.advance(10);
      expect([full, got.map(({ message }) => message)]).toEqual([full, kept[full]]);
      // there is room again
      expect(world.runtime.send(process, 'again')).toBe(true);
      await world.clock.settle();
      expect(got.at(-1)).toMatchObject({ message: 'again' });
    }
  });
});

describe('effectWorker', () => {
  test('a failed body is restarted by its supervisor, under its name, with a fresh state', async () => {
    const world = effectWorld();
    const { runtime, clock } = world;
    const scope = new NameScope();
    const body = Effect.gen(function* () {
      const { receive } = yield* Actor;
      for (let total = 0; ;) {
        const message = yield* receive;
        if (message._tag === 'Cast') total += message.payload as number;
        else if (message._tag === 'Call') message.from.reply(total);
        else return yield* Effect.fail('bad message');
      }
    });
    await startSupervisor(runtime, { children: [effectWorker('sum', body, { scope })] });
    const sum = new ServerRef(runtime, { scope, name: 'sum' });
    sum.cast('add', 5);
    expect(await sum.call('get')).toBe(5);
    sum.send('?');
    await clock.settle();
    expect(await sum.call('get')).toBe(0);
    expect(world.reports.map(({ tag }) => tag)).toEqual(['progress', 'crash', 'supervisor', 'progress']);
  });

  test('a supervisor waits for the finalizers of a child, the last child first', async () => {
    const world = effectWorld();
    const log: string[] = [];
    const child = (id: string) =>
      effectWorker(
        id,
        Effect.onInterrupt(Effect.never, () =>
          Effect.andThen(
            Effect.sleep(10),
            Effect.sync(() => log.push(`${id} ${world.clock.now()}`)),
          ),
        ),
      );
    const sup = await startSupervisor(world.runtime, { children: [child('a'), child('b')] });
    await world.clock.settle();
    const stopped = sup.stop();
    await world.clock.advance(20);
    expect(await stopped).toBe('shutdown');
    expect(log).toEqual(['b 10', 'a 20']);
  });

  test('what a body needs comes with its specification', async () => {
    const world = effectWorld();
    const Greeting = Context.Service<'Greeting', string>('Greeting');
    const got: string[] = [];
    const body = Effect.flatMap(Greeting, (greeting) => Effect.sync(() => got.push(greeting)));
    // @ts-expect-error a service is missing
    effectWorker('greeter', body);
    const spec = effectWorker('greeter', body, {
      services: Greeting.context('hello'),
      restart: 'temporary',
    });
    await startSupervisor(world.runtime, { children: [spec] });
    await world.clock.settle();
    expect(got).toEqual(['hello']);
  });
});

describe('startActor', () => {
  test('gives the body the services that are here, and ends with its scope', async () => {
    const world = effectWorld();
    const Greeting = Context.Service<'Greeting', string>('Greeting');
    const log: string[] = [];
    const body = Effect.flatMap(Greeting, (greeting) =>
      Effect.onInterrupt(
        Effect.andThen(
          Effect.sync(() => log.push(greeting)),
          Effect.never,
        ),
        () => Effect.sync(() => log.push('gone')),
      ),
    );
    const started = Effect.flatMap(startActor(body), (ref) =>
      Effect.andThen(Effect.sleep(5), Effect.succeed(ref)),
    );
    const ref = await world.value(started.pipe(Effect.provideService(Greeting, 'hello')));
    expect(log).toEqual(['hello', 'gone']);
    expect((ref.pid as Process).reason).toBe('shutdown');
    expect(world.runtime.alive).toBe(0);
  });

  test('random and clock of the body are the runtime’s', async () => {
    const draws: number[][] = [];
    for (let round = 0; round < 2; round++) {
      const world = effectWorld();
      const drawn: number[] = [];
      const body = Effect.gen(function* () {
        const Random = yield* Effect.promise(() => import('effect/Random'));
        const Clock = yield* Effect.promise(() => import('effect/Clock'));
        drawn.push(yield* Random.next, yield* Random.nextInt, yield* Clock.currentTimeMillis);
      });
      await world.value(Effect.flatMap(startActor(body), awaitExit));
      draws.push(drawn);
    }
    expect(draws[0]).toEqual(draws[1]);
    expect(draws[0]?.[2]).toBe(1_767_225_600_000);
    expect(draws[0]?.[0]).toBeGreaterThanOrEqual(0);
  });
});
