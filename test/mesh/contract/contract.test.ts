import * as Schema from 'effect/Schema';
import * as v from 'valibot';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import {
  connectLocal,
  err,
  procedure,
  RpcError,
  server,
  type Client,
  type RpcFailure,
  type SchemaResult,
  type StandardSchema,
} from '../../../src/index.ts';
import { reply, worker, type GenServer } from '../../../src/otp.ts';
import { contextOf, gate, meshWorld, pair, type MeshWorld } from '../../mesh-world.ts';

interface User {
  readonly id: string;
  readonly name: string;
}

/** The same contract in three libraries. */
const LIBRARIES = [
  [
    'zod',
    procedure('myapp.user.get', {
      args: z.object({ id: z.string() }),
      result: z.object({ id: z.string(), name: z.string() }),
    }),
  ],
  [
    'valibot',
    procedure('myapp.user.get', {
      args: v.object({ id: v.string() }),
      result: v.object({ id: v.string(), name: v.string() }),
    }),
  ],
  [
    'effect',
    procedure('myapp.user.get', {
      args: Schema.toStandardSchemaV1(Schema.Struct({ id: Schema.String })),
      result: Schema.toStandardSchemaV1(Schema.Struct({ id: Schema.String, name: Schema.String })),
    }),
  ],
] as const;

const getUser = LIBRARIES[0][1];

/** A schema that says what we want. */
const schema = <T>(
  validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>,
): StandardSchema<T> => ({
  '~standard': { version: 1, vendor: 'test', validate },
});
const anything = schema<object>((value) => ({ value: value as object }));

/** A provider, and a caller of it: without and with a network between. */
async function onBothPaths(
  check: (mesh: {
    readonly world: MeshWorld;
    readonly provider: Client;
    readonly caller: Client;
  }) => Promise<void>,
): Promise<void> {
  const world = meshWorld();
  const { node, client } = await pair(world);
  await check({ world, provider: node, caller: connectLocal(node) });
  await check({ world, provider: node, caller: client });
}

const failureOf = (world: MeshWorld, promise: Promise<unknown>): Promise<RpcFailure> =>
  world.failure(promise);

describe('a contract', () => {
  test.each(LIBRARIES)(
    'of %s: good args reach the handler, a good result the caller',
    async (_, contract) => {
      await onBothPaths(async ({ world, provider, caller }) => {
        await world.settle(
          provider.advertise(contract as typeof getUser, ({ id }) => ({ id, name: 'Alice' })),
        );
        expect(await world.settle(caller.call(contract as typeof getUser, { id: 'u1' }))).toEqual({
          id: 'u1',
          name: 'Alice',
        });
        // others call it by name, and the other way round
        expect(await world.settle(caller.call('myapp.user.get', { id: 'u1' }))).toMatchObject({
          name: 'Alice',
        });
      });
    },
  );

  test.each(LIBRARIES)(
    'of %s: wrong args are invalid_args that say where, before anything is sent',
    async (_, contract) => {
      await onBothPaths(async ({ world, provider, caller }) => {
        let ran = 0;
        await world.settle(
          provider.advertise(contract as typeof getUser, ({ id }) => (ran++, { id, name: '' })),
        );
        const sent = contextOf(caller).counters.callsOut;
        expect(
          await failureOf(world, caller.call(contract as typeof getUser, { id: 7 } as never)),
        ).toMatchObject({
          tag: 'invalid_args',
          field: 'args.id',
          detail: expect.stringMatching(/string/i) as string,
        });
        expect([ran, contextOf(caller).counters.callsOut - sent]).toEqual([0, 0]);
      });
    },
  );

  test('is kept by the provider whatever the caller knows of it: the handler does not run', async () => {
    await onBothPaths(async ({ world, provider, caller }) => {
      let ran = false;
      await world.settle(provider.advertise(getUser, ({ id }) => ((ran = true), { id, name: '' })));
      for (const args of [{}, { id: 7 }, { ID: 'u1' }])
        expect(await failureOf(world, caller.call('myapp.user.get', args))).toMatchObject({
          tag: 'invalid_args',
          field: 'args.id',
        });
      expect(ran).toBe(false);
    });
  });

  test('a wrong result is handler_error invalid_result, and a crash report where it was made', async () => {
    await onBothPaths(async ({ world, provider, caller }) => {
      await world.settle(provider.advertise(getUser, (() => ({ id: 'u1' })) as never));
      world.reports.length = 0;
      for (const what of [getUser, 'myapp.user.get'] as const)
        expect(await failureOf(world, caller.call(what as typeof getUser, { id: 'u1' }))).toMatchObject({
          tag: 'handler_error',
          code: 'invalid_result',
          reason: expect.stringContaining('result.name: ') as string,
        });
      expect(world.reports).toMatchObject([
        { reason: { name: 'InvalidResult' } },
        { reason: { name: 'InvalidResult' } },
      ]);
    });
  });

  test('what is optional may be undefined, and a procedure may give nothing', async () => {
    const contract = procedure('myapp.user.rename', {
      args: z.object({ id: z.string(), nick: z.string().optional() }),
      result: z.object({ id: z.string(), nick: z.string().optional() }).optional(),
    });
    const nothing = procedure('myapp.user.forget', { args: z.object({}), result: z.void() });
    const nullable = procedure('myapp.user.find', { args: z.object({}), result: z.string().nullable() });
    await onBothPaths(async ({ world, provider, caller }) => {
      await world.settle(
        provider.advertise(contract, ({ id, nick }) => (id === '' ? undefined : { id, nick })),
      );
      const nick = undefined;
      expect(await world.settle(caller.call(contract, { id: 'a', nick }))).toEqual({ id: 'a' });
      expect(await world.settle(caller.call(contract, { id: '' }))).toBe(undefined);
      await world.settle(provider.advertise(nothing, () => undefined));
      expect(await world.settle(caller.call(nothing))).toBe(undefined);
      await world.settle(provider.advertise(nullable, () => null));
      expect(await world.settle(caller.call(nullable))).toBe(null);
    });
  });

  test('is kept by the caller too: a provider without it cannot give it another shape', async () => {
    await onBothPaths(async ({ world, provider, caller }) => {
      await world.settle(provider.advertise('myapp.user.get', () => ({ id: 7, name: 'Alice' })));
      expect(await failureOf(world, caller.call(getUser, { id: 'u1' }))).toMatchObject({
        tag: 'handler_error',
        code: 'invalid_result',
        reason: expect.stringContaining('result.id: ') as string,
      });
    });
  });

  test('leaves declared failures, crashes and other failures as they are', async () => {
    await onBothPaths(async ({ world, provider, caller }) => {
      await world.settle(provider.advertise(getUser, () => err({ code: 'gone' })));
      expect(await failureOf(world, caller.call(getUser, { id: 'u1' }))).toEqual({
        tag: 'handler_error',
        reason: { code: 'gone' },
      });
      await world.settle(
        provider.advertise(getUser, () => {
          throw new Error('broken');
        }),
      );
      expect(await failureOf(world, caller.call(getUser, { id: 'u1' }))).toMatchObject({
        tag: 'handler_crash',
      });
      const unknown = procedure('nobody.serves.this', { args: anything, result: anything });
      expect((await failureOf(world, caller.call(unknown, {}))).tag).toBe('service_not_found');
      const bad = procedure('no good name', { args: anything, result: anything });
      expect(await failureOf(world, caller.call(bad, {}))).toMatchObject({
        tag: 'invalid_args',
        field: 'procedure',
      });
    });
  });

  test('transforms once: what is written travels, each end reads it', async () => {
    const contract = procedure('myapp.day.after', {
      args: z.object({ day: z.string().transform((text) => new Date(text)), by: z.number().default(1) }),
      result: z.string().transform((text) => new Date(text)),
    });
    await onBothPaths(async ({ world, provider, caller }) => {
      await world.settle(
        provider.advertise(contract, ({ day, by }) =>
          new Date(day.getTime() + by * 86_400_000).toISOString(),
        ),
      );
      const next = await world.settle(caller.call(contract, { day: '2026-02-28' }));
      expect(next).toEqual(new Date('2026-03-01'));
    });
  });

  test('may be slow: schemas that give promises are waited for, at both ends', async () => {
    const slow = <T>(value: (given: unknown) => SchemaResult<T>): StandardSchema<T> =>
      schema((given) => Promise.resolve(value(given)));
    const contract = procedure('myapp.slow.echo', {
      args: slow<{ a?: number }>((given) =>
        (given as { a?: number }).a === 1 ? { value: { a: 2 } } : { issues: [{ message: 'no one' }] },
      ),
      result: slow<number>((value) => ({ value: (value as number) + 10 })),
    });
    await onBothPaths(async ({ world, provider, caller }) => {
      await world.settle(provider.advertise(contract, async ({ a }) => a ?? 0));
      expect(await world.settle(caller.call(contract, { a: 1 }))).toBe(12);
      expect(await failureOf(world, caller.call(contract, {}))).toEqual({
        tag: 'invalid_args',
        field: 'args',
        detail: 'no one',
      });
      expect((await failureOf(world, caller.call('myapp.slow.echo', {}))).tag).toBe('invalid_args');
    });
  });

  test('a schema that never answers costs its caller the timeout, and can be canceled', async () => {
    const stuck = schema<object>(() => new Promise(() => undefined));
    await onBothPaths(async ({ world, provider, caller }) => {
      const contract = procedure('myapp.stuck.one', { args: stuck, result: anything });
      expect(await failureOf(world, caller.call(contract, {}, { timeout: 50 }))).toMatchObject({
        tag: 'timeout',
        timeout: 50,
      });
      const controller = new AbortController();
      const waiting = caller.call(contract, {}, { signal: controller.signal });
      controller.abort();
      expect(await failureOf(world, waiting)).toMatchObject({ tag: 'canceled' });
      // at the provider the deadline of the call ends it, and the handler does not run later
      let ran = false;
      await world.settle(provider.advertise(contract, () => ((ran = true), {})));
      expect((await failureOf(world, caller.call('myapp.stuck.one', {}, { timeout: 50 }))).tag).toBe(
        'timeout',
      );
      expect(ran).toBe(false);
    });
  });

  test('the handler does not run for a caller who has gone while a schema thought', async () => {
    const { world, node } = await (async () => {
      const made = meshWorld();
      return { world: made, ...(await pair(made)) };
    })();
    const decision = gate<SchemaResult<object>>();
    const args = schema<object>(() => decision.promise);
    let ran = false;
    await world.settle(node.advertise('myapp.late.one', () => (ran = true), { schema: args }));
    expect((await failureOf(world, node.call('myapp.late.one', {}, { timeout: 50 }))).tag).toBe('timeout');
    decision.open({ value: {} });
    await world.clock.advance(100);
    expect(ran).toBe(false);
  });

  test('a schema that throws: the caller is told, a provider crashes like any handler', async () => {
    const broken = schema<object>(() => {
      throw new Error('schema bug');
    });
    await onBothPaths(async ({ world, provider, caller }) => {
      const contract = procedure('myapp.broken.one', { args: broken, result: anything });
      const error = await world.rejection(caller.call(contract, {}));
      expect(error).toMatchObject({ failure: { tag: 'invalid_args' }, cause: { message: 'schema bug' } });
      await world.settle(provider.advertise(contract, () => ({})));
      expect((await failureOf(world, caller.call('myapp.broken.one'))).tag).toBe('handler_crash');
    });
  });

  test('many issues are named up to eight and cut, the rest is counted', async () => {
    const path = (index: number): { message: string; path: PropertyKey[] } => ({
      message: `wrong ${index}`,
      path: ['users', index, 'name'],
    });
    const args = schema<object>(() => ({ issues: Array.from({ length: 100 }, (_, index) => path(index)) }));
    await onBothPaths(async ({ world, caller }) => {
      const failure = await failureOf(world, caller.call(procedure('a.b', { args, result: anything }), {}));
      expect(failure).toMatchObject({
        field: 'args.users[0].name',
        detail: `wrong 0; ${[1, 2, 3, 4, 5, 6, 7].map((i) => `users[${i}].name: wrong ${i}`).join('; ')}; and 92 more`,
      });
      const long = schema<object>(() => ({ issues: [{ message: 'x'.repeat(10_000) }] }));
      const cut = await failureOf(world, caller.call(procedure('a.b', { args: long, result: anything }), {}));
      expect(cut.tag === 'invalid_args' && cut.detail.length).toBe(512);
    });
  });

  test('works for servers as for functions', async () => {
    const users: GenServer<void, null, { get(args: { id: string }): User }> = {
      init: () => null,
      handleCall: { get: ({ id }, state) => reply({ id, name: 'Bob' }, state) },
    };
    await onBothPaths(async ({ world, provider, caller }) => {
      await world.settle(provider.advertise(getUser, server(worker('users', users))));
      expect(await world.settle(caller.call(getUser, { id: 'u2' }))).toEqual({ id: 'u2', name: 'Bob' });
      expect((await failureOf(world, caller.call('myapp.user.get', {}))).tag).toBe('invalid_args');
    });
  });

  test('tryCall gives the typed value with its route', async () => {
    await onBothPaths(async ({ world, provider, caller }) => {
      await world.settle(provider.advertise(getUser, ({ id }) => ({ id, name: 'Alice' })));
      const result = await world.settle(caller.tryCall(getUser, { id: 'u1' }));
      expect(result).toMatchObject({ ok: true, value: { name: 'Alice' }, node: provider.id });
      const refused = await world.settle(caller.tryCall(getUser, { id: 1 } as never));
      expect(refused.ok === false && refused.error).toBeInstanceOf(RpcError);
    });
  });
});

describe('the option schema of advertise', () => {
  test('checks args, and no result', async () => {
    await onBothPaths(async ({ world, provider, caller }) => {
      await world.settle(
        provider.advertise('a.b', ({ n }: { n: number }) => n + 1, {
          schema: z.object({ n: z.coerce.number() }),
        }),
      );
      expect(await world.settle(caller.call('a.b', { n: '41' }))).toBe(42);
      expect(await failureOf(world, caller.call('a.b', { n: 'x' }))).toMatchObject({
        tag: 'invalid_args',
        field: 'args.n',
      });
    });
  });

  test('must be a Standard Schema, and not beside a contract', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    for (const wrong of [{}, 7, null, () => true])
      expect(
        await failureOf(
          world,
          node.advertise('a.b', () => 1, { schema: wrong as never }),
        ),
      ).toMatchObject({
        tag: 'invalid_args',
        field: 'schema',
      });
    expect(
      await failureOf(
        world,
        node.advertise(getUser, ({ id }) => ({ id, name: '' }), { schema: anything }),
      ),
    ).toMatchObject({
      field: 'schema',
    });
  });
});

describe('procedure', () => {
  test('refuses what is no Standard Schema, by name', () => {
    for (const options of [
      { args: {}, result: anything },
      { args: anything, result: null },
      { args: Schema.String, result: anything },
    ]) {
      let failure: unknown;
      try {
        procedure('a.b', options as never);
      } catch (error) {
        failure = error instanceof RpcError ? error.failure : error;
      }
      expect(failure).toMatchObject({ tag: 'invalid_args', detail: 'must be a Standard Schema' });
    }
  });
});

describe('metadata.schema', () => {
  const metadataOf = (client: Client, name: string): unknown =>
    [...contextOf(client).advertised.values()].find((entry) => entry.procedure === name)?.metadata;

  test('holds the JSON Schemas of args and result where the library can say them', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    await world.settle(
      node.advertise(getUser, ({ id }) => ({ id, name: '' }), { metadata: { version: '1.0.0' } }),
    );
    expect(metadataOf(node, 'myapp.user.get')).toEqual({
      version: '1.0.0',
      schema: {
        args: { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
        result: {
          type: 'object',
          properties: { id: { type: 'string' }, name: { type: 'string' } },
          required: ['id', 'name'],
        },
      },
    });
  });

  test('is what the contract or the metadata say, when they say it; nothing, when nobody can', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const said = procedure('a.said', {
      args: anything,
      result: anything,
      jsonSchema: { args: { type: 'object' } },
    });
    await world.settle(node.advertise(said, () => ({})));
    expect(metadataOf(node, 'a.said')).toEqual({ schema: { args: { type: 'object' } } });
    await world.settle(node.advertise(said, () => ({}), { metadata: { schema: 'mine' } }));
    expect(metadataOf(node, 'a.said')).toEqual({ schema: 'mine' });
    const mute = procedure('a.mute', {
      args: z.object({ at: z.date() }).transform(() => ({})),
      result: v.number(),
    });
    await world.settle(node.advertise(mute, () => 1));
    expect(metadataOf(node, 'a.mute')).toEqual({});
  });

  test('is left out in silence when the record has no room for it, description included', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const wide = Object.fromEntries(Array.from({ length: 200 }, (_, i) => [`field_${i}`, z.string()]));
    const contract = procedure('a.wide', { args: z.object(wide), result: anything, description: 'wide' });
    await world.settle(node.advertise(contract, () => ({}), { metadata: { version: '1' } }));
    expect(metadataOf(node, 'a.wide')).toEqual({ version: '1' });
    const close = procedure('a.close', {
      args: anything,
      result: anything,
      description: 'd'.repeat(500),
      jsonSchema: { args: { text: 'x'.repeat(2_700) } },
    });
    await world.settle(node.advertise(close, () => ({})));
    expect(metadataOf(node, 'a.close')).toEqual({});
  });

  test('the description of a contract is the advertisement’s, unless it has its own', async () => {
    const world = meshWorld();
    const { node } = await pair(world);
    const contract = procedure('a.told', {
      args: anything,
      result: anything,
      description: 'of the contract',
    });
    const descriptions = (): unknown[] =>
      [...contextOf(node).advertised.values()].map(({ description }) => description);
    await world.settle(node.advertise(contract, () => ({})));
    expect(descriptions()).toEqual(['of the contract']);
    await world.settle(node.advertise(contract, () => ({}), { description: 'mine' }));
    expect(descriptions()).toEqual(['mine']);
  });
});
