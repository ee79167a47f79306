import * as Context from 'effect/Context';
import * as Data from 'effect/Data';
import * as Effect from 'effect/Effect';
import { describe, expect, test } from 'vitest';
import { err, type Client } from '../../src/index.ts';
import { advertise, callProcedure, effectHandler, servicesOf, type EffectHandler } from '../../src/effect.ts';
import { meshWorld, pair, processesOf, runtimeOf, type MeshWorld } from '../mesh-world.ts';

class NotFound extends Data.Error<{
  readonly id: string;
  readonly message: string;
  readonly cause: unknown;
}> {
  readonly _tag = 'NotFound';
}

interface Served {
  readonly world: MeshWorld;
  readonly node: Client;
  readonly client: Client;
  readonly log: string[];
  /** What a call of the handler gives: its value, or its failure. */
  ask(args?: object): Promise<unknown>;
}

/** A node that serves `job` with an effect, and a client elsewhere. */
async function serve(handle: EffectHandler<{ readonly n: number }>, log: string[] = []): Promise<Served> {
  const world = meshWorld();
  const { node, client } = await pair(world);
  await world.settle(node.advertise('test.job', effectHandler(handle)));
  return {
    world,
    node,
    client,
    log,
    ask: async (args = { n: 1 }) => {
      const result = await world.settle(client.tryCall('test.job', args));
      return result.ok ? result.value : result.error.failure;
    },
  };
}

const invocations = (client: Client): number =>
  processesOf(client).filter(({ label }) => label === 'Invocation').length;

/** Waits for ever, and writes when it is interrupted. */
const stuck = (log: string[]): Effect.Effect<never> =>
  Effect.onInterrupt(
    Effect.andThen(
      Effect.sync(() => log.push('begun')),
      Effect.never,
    ),
    () => Effect.sync(() => log.push('interrupted')),
  );

describe('an effect answers a call', () => {
  test('its success is the value, at once or later; err(reason) is a declared failure', async () => {
    const { ask } = await serve(({ n }) =>
      n === 1
        ? Effect.succeed({ n: 2 })
        : n === 2
          ? Effect.andThen(Effect.sleep(30), Effect.succeed('late'))
          : Effect.succeed(err('no')),
    );
    expect(await ask({ n: 1 })).toEqual({ n: 2 });
    expect(await ask({ n: 2 })).toBe('late');
    expect(await ask({ n: 3 })).toEqual({ tag: 'handler_error', reason: 'no' });
  });

  test('its failure is handler_error with that reason, and no crash', async () => {
    const { ask, world } = await serve(({ n }) =>
      n === 1 ? Effect.fail('no_such_item') : Effect.andThen(Effect.sleep(1), Effect.fail({ code: 7 })),
    );
    expect(await ask({ n: 1 })).toEqual({ tag: 'handler_error', reason: 'no_such_item' });
    expect(await ask({ n: 2 })).toEqual({ tag: 'handler_error', reason: { code: 7 } });
    expect(world.reports.filter(({ tag }) => tag === 'crash')).toEqual([]);
  });

  test('a failure that is an error is told by its own fields, never by message, stack or cause', async () => {
    const { ask } = await serve(({ n }) =>
      n === 1
        ? Effect.fail(new NotFound({ id: '7', message: 'secret', cause: new Error('secret') }))
        : Effect.fail(new TypeError('secret')),
    );
    expect(await ask({ n: 1 })).toEqual({ tag: 'handler_error', reason: { _tag: 'NotFound', id: '7' } });
    expect(await ask({ n: 2 })).toEqual({ tag: 'handler_error', reason: 'TypeError' });
  });

  test('its defect is handler_crash, with one crash report', async () => {
    const { ask, world } = await serve(({ n }) =>
      n === 1 ? Effect.die(new Error('bug')) : Effect.andThen(Effect.sleep(1), Effect.die(new Error('bug'))),
    );
    expect(await ask({ n: 1 })).toMatchObject({ tag: 'handler_crash', reason: 'error' });
    expect(await ask({ n: 2 })).toMatchObject({ tag: 'handler_crash', reason: 'error' });
    expect(world.reports.filter(({ tag }) => tag === 'crash').length).toBe(2);
  });

  test('its own interruption kills the invocation: handler_crash, killed', async () => {
    const { ask, node } = await serve(({ n }) =>
      n === 1 ? Effect.interrupt : Effect.andThen(Effect.sleep(1), Effect.interrupt),
    );
    expect(await ask({ n: 1 })).toMatchObject({ tag: 'handler_crash', reason: 'killed' });
    expect(await ask({ n: 2 })).toMatchObject({ tag: 'handler_crash', reason: 'killed' });
    expect(invocations(node)).toBe(0);
  });

  test('a throw while the effect is made is a crash like a defect', async () => {
    const { ask } = await serve(() => {
      throw new Error('bug');
    });
    expect(await ask()).toMatchObject({ tag: 'handler_crash', reason: 'error' });
  });
});

describe('the end of an invocation interrupts its fiber', () => {
  test('the caller cancels', async () => {
    const log: string[] = [];
    const { world, client, node } = await serve(() => stuck(log));
    const giveUp = new AbortController();
    const called = world.failure(client.call('test.job', { n: 1 }, { signal: giveUp.signal }));
    await world.clock.until(() => log.length === 1);
    giveUp.abort();
    expect(await called).toMatchObject({ tag: 'canceled' });
    await world.clock.until(() => log.length === 2);
    expect([log, invocations(node)]).toEqual([['begun', 'interrupted'], 0]);
  });

  test('the deadline passes', async () => {
    const log: string[] = [];
    const { world, client } = await serve(() => stuck(log));
    const begun = world.clock.now();
    expect(await world.failure(client.call('test.job', { n: 1 }, { timeout: 200 }))).toMatchObject({
      tag: 'timeout',
    });
    await world.clock.until(() => log.length === 2);
    expect(log).toEqual(['begun', 'interrupted']);
    expect(world.clock.now() - begun).toBeLessThanOrEqual(400);
  });

  test('the invocation is killed', async () => {
    const log: string[] = [];
    const { world, client, node } = await serve(() => stuck(log));
    const called = world.failure(client.call('test.job', { n: 1 }));
    await world.clock.until(() => log.length === 1);
    const process = processesOf(node).find(({ label }) => label === 'Invocation');
    if (process === undefined) throw new Error('no invocation');
    runtimeOf(node).exit(process, 'kill');
    expect(log).toEqual(['begun', 'interrupted']);
    expect(await called).toMatchObject({ tag: 'handler_crash', reason: 'killed' });
  });
});

describe('advertise and callProcedure', () => {
  test('a procedure is served while the scope is open, with the services that are here', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const Greeting = Context.Service<'Greeting', string>('Greeting');
    const program = Effect.scoped(
      Effect.gen(function* () {
        yield* advertise(node, 'test.greet', ({ name }: { readonly name: string }) =>
          Effect.map(Greeting, (greeting) => `${greeting} ${name}`),
        );
        return yield* callProcedure<string>(client, 'test.greet', { name: 'Ada' });
      }),
    ).pipe(Effect.provideService(Greeting, 'hello'));
    const services = servicesOf(runtimeOf(client));
    expect(await world.settle(Effect.runPromiseWith(services)(program))).toBe('hello Ada');
    expect(await world.failure(client.call('test.greet', { name: 'Ada' }))).toMatchObject({
      tag: 'service_not_found',
    });
  });

  test('a refused call fails with RpcError; an interrupted one cancels the handler', async () => {
    const log: string[] = [];
    const { world, client } = await serve(() => stuck(log));
    const services = servicesOf(runtimeOf(client));
    const run = Effect.runForkWith(services);
    const failed = run(Effect.flip(callProcedure(client, 'test.nobody')));
    await world.clock.until(() => failed.pollUnsafe() !== undefined);
    expect(failed.pollUnsafe()).toMatchObject({ _tag: 'Success', value: { tag: 'service_not_found' } });
    const fiber = run(callProcedure(client, 'test.job', { n: 1 }));
    await world.clock.until(() => log.length === 1);
    fiber.interruptUnsafe();
    await world.clock.until(() => log.length === 2);
    expect(log).toEqual(['begun', 'interrupted']);
  });

  test('an advertise that is interrupted leaves nothing', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const served = advertise(node, 'test.greet', () => Effect.succeed('hello'));
    const fiber = Effect.runForkWith(servicesOf(runtimeOf(node)))(
      Effect.scoped(Effect.andThen(served, Effect.never)),
    );
    fiber.interruptUnsafe();
    await world.clock.until(() => fiber.pollUnsafe() !== undefined);
    expect(await world.failure(client.call('test.greet'))).toMatchObject({ tag: 'service_not_found' });
  });
});
