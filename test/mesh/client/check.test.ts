/** What callers may not give us, and that nothing they give makes a check throw. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeAtEnd, contextOf, meshWorld } from '../../mesh-world.ts';
import { connectLocal } from '../../../src/index.ts';
import {
  checkArgs,
  checkDescription,
  checkLimits,
  checkMetadata,
  checkName,
  checkTimeout,
  checkTtl,
} from '../../../src/mesh/client/check.ts';
import { checkCallOptions } from '../../../src/mesh/client/check-call.ts';
import { advertised } from '../../../src/mesh/client/advertised.ts';
import { checkConnectOptions, checkNodeOptions } from '../../../src/config.ts';
import { server } from '../../../src/mesh/handlers/server-handler.ts';
import { RpcError } from '../../../src/mesh/errors/rpc-error.ts';
import { connect, startNode } from '../../../src/node.ts';
import { makeContext } from '../../../src/world.ts';
import { Runtime } from '../../../src/actor/runtime.ts';

const trap = (): never => {
  throw new Error('trap');
};
const proxy = new Proxy(
  {},
  { get: trap, has: trap, ownKeys: trap, getPrototypeOf: trap, getOwnPropertyDescriptor: trap },
);
const revoked = ((): object => {
  const pair = Proxy.revocable({}, {});
  pair.revoke();
  return pair.proxy;
})();
const getter = {
  get x(): never {
    return trap();
  },
};
/** So many levels of lists in a map. */
const nested = (levels: number): object => ({
  a: Array.from({ length: levels - 1 }).reduce((inner) => [inner], 1),
});
const circle: Record<string, unknown> = {};
circle['self'] = circle;

/** Values of every sort that are no object of options. */
const STRANGE: readonly unknown[] = [null, 0, '', 'x', true, Symbol('s'), 1n, () => 1, proxy, revoked];

describe('args', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [null, 'invalid_args'],
    ['x', 'invalid_args'],
    [7, 'invalid_args'],
    [() => 1, 'invalid_args'],
    [[1], 'invalid_args'],
    [new Uint8Array(3), 'invalid_args'],
    [new Map(), 'invalid_args'],
    [new Date(), 'invalid_args'],
    [new (class Own {})(), 'invalid_args'],
    [proxy, 'unencodable'],
    [revoked, 'unencodable'],
    [getter, 'unencodable'],
    [circle, 'unencodable'],
    [{ a: new Set() }, 'unencodable'],
    [{ a: 2n ** 64n }, 'unencodable'],
    [{ a: '\ud800' }, 'unencodable'],
    [{ a: Symbol('s') }, 'unencodable'],
    [{ ['__proto__']: 1 }, 'unencodable'],
    [{ a: 'x'.repeat(1_048_577) }, 'frame_too_large'],
    [{ a: new Uint8Array(2_000_000) }, 'frame_too_large'],
    [{ a: Array.from({ length: 70_000 }, () => 0) }, 'unencodable'],
  ];
  // vitest itself stumbles over a revoked proxy among the cases
  test.each(cases.map((_case, at) => at))('case %s is refused with the right word', (at) => {
    const [args, tag] = cases[at]!;
    const checked = checkArgs(args);
    expect(checked.ok ? 'ok' : checked.failure.tag).toBe(tag);
  });

  test('a wrong path is named', () => {
    const checked = checkArgs({ users: [{ name: 'x' }, { name: () => 1 }] });
    expect(checked).toEqual({
      ok: false,
      failure: { tag: 'unencodable', path: '$.users[1].name', detail: 'args: function' },
    });
  });

  test('a property is read once: what is checked is what is sent', () => {
    let reads = 0;
    const checked = checkArgs({
      get a() {
        return reads++;
      },
    });
    expect([checked, reads]).toEqual([{ ok: true, value: { a: 0 } }, 1]);
  });
});

describe('numbers', () => {
  test.each([0, 0.5, -1, NaN, Infinity, -Infinity, 2 ** 31, '5', null, {}, 1n])(
    'timeout %s is refused',
    (timeout) => {
      expect(checkTimeout(timeout, 1)).toMatchObject({
        ok: false,
        failure: { tag: 'invalid_args', field: 'timeout' },
      });
    },
  );
  test.each([1, 1.5, 5_000, 2 ** 31 - 1])('timeout %s is accepted', (timeout) => {
    expect(checkTimeout(timeout, 1)).toEqual({ ok: true, value: timeout });
  });
  test.each([29, 0, -1, 86_401, 30.5, NaN, Infinity, '300', null])('ttl %s is refused', (ttl) => {
    expect(checkTtl(ttl)).toMatchObject({ ok: false, failure: { field: 'ttl' } });
  });
  test.each([30, 300, 86_400])('ttl %s is accepted', (ttl) => {
    expect(checkTtl(ttl)).toEqual({ ok: true, value: ttl });
  });
});

describe('names', () => {
  test.each([
    null,
    7,
    '',
    'one',
    'Two.words',
    'a..b',
    '.a.b',
    'a.b.',
    'a.b\n',
    'a b.c',
    '_mesh.x',
    'a.-b',
    'é.b',
    `a.${'b'.repeat(254)}`,
    'realm/org',
    '../a.b',
    'a.b\0',
  ])('%j is in neither grammar', (name) => {
    expect(checkName(name, 'default')).toMatchObject({
      ok: false,
      failure: { tag: 'invalid_args', field: 'procedure' },
    });
  });
  test('the mode decides about the rest', () => {
    expect(checkName('user-get', 'any').ok).toBe(true);
    expect(checkName('user-get', 'default').ok).toBe(false);
    expect(checkName('user.get', 'canonical').ok).toBe(false);
  });
});

describe('anything at all', () => {
  const anything = fc.oneof(
    fc.anything({
      withBigInt: true,
      withDate: true,
      withMap: true,
      withSet: true,
      withNullPrototype: true,
      withObjectString: true,
      withTypedArray: true,
    }),
    fc.record(
      {
        timeout: fc.anything(),
        signal: fc.anything(),
        trace: fc.anything(),
        idempotencyKey: fc.anything(),
        ttl: fc.anything(),
        metadata: fc.anything(),
        limits: fc.anything(),
      },
      { requiredKeys: [] },
    ),
  );
  const HOSTILE = [...STRANGE, getter, circle];
  const context = makeContext('node', 'r', { runtime: new Runtime() });
  test('no check throws, and every refusal is a failure of ours', () => {
    fc.assert(
      // fast-check looks at what it makes, so the hostile ones are named by number
      fc.property(anything, fc.nat(HOSTILE.length * 2), (made, at) => {
        const value = at < HOSTILE.length ? HOSTILE[at] : made;
        for (const checked of [
          checkArgs(value),
          checkCallOptions(value),
          checkMetadata(value),
          checkLimits(value),
          checkDescription(value),
          checkTimeout(value, 1),
          checkTtl(value),
          checkName(value, 'any'),
          advertised(context, 'node', 'a.b', value, {}),
          advertised(context, 'node', 'a.b', () => 1, value),
          advertised(context, 'node', value, () => 1, {}),
          advertised(context, 'node', 'a.b', server(value as never), {}),
        ]) {
          if (!checked.ok)
            expect(['invalid_args', 'unencodable', 'frame_too_large']).toContain(checked.failure.tag);
        }
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('options of a call', () => {
  const cases: readonly (readonly [unknown, string])[] = [
    [{ signal: {} }, 'signal'],
    [{ idempotent: 'yes' }, 'idempotent'],
    [{ idempotencyKey: '' }, 'idempotencyKey'],
    [{ idempotencyKey: 'é'.repeat(128) }, 'idempotencyKey'],
    [{ idempotencyKey: '\ud800' }, 'idempotencyKey'],
    [{ trace: 'x' }, 'trace'],
    [{ trace: {} }, 'trace.traceparent'],
    [{ trace: { traceparent: 'x', tracestate: 'y'.repeat(513) } }, 'trace.tracestate'],
    [
      {
        get timeout() {
          return trap();
        },
      },
      'options',
    ],
    [null, 'options'],
    ['x', 'options'],
    [{ forceRefresh: 1 }, 'forceRefresh'],
    [{ strategy: 'least_connections' }, 'strategy'],
    [{ strategy: {} }, 'strategy'],
    [{ maxAttempts: 0 }, 'maxAttempts'],
    [{ maxAttempts: 101 }, 'maxAttempts'],
    [{ maxAttempts: 1.5 }, 'maxAttempts'],
    [{ retry: true }, 'retry'],
    [{ retry: {} }, 'retry.times'],
    [{ retry: { times: 0 } }, 'retry.times'],
    [{ retry: { times: 1, backoff: 0 } }, 'retry.backoff'],
    [{ retry: { times: 1, maxBackoff: Infinity } }, 'retry.maxBackoff'],
    [{ retry: { times: 1, attempts: 2 } }, 'retry.attempts'],
    [{ target: 'AB'.repeat(32) }, 'target'],
    [{ explain: 'yes' }, 'explain'],
    [{ unknown: 1 }, 'unknown'],
  ];
  test.each(cases.map((_case, at) => at))('case %s names the field', (at) => {
    const [options, field] = cases[at]!;
    expect(checkCallOptions(options)).toMatchObject({ ok: false, failure: { tag: 'invalid_args', field } });
  });
});

describe('what is wanted of the routing', () => {
  const planOf = (options: object): unknown => {
    const checked = checkCallOptions(options);
    return checked.ok ? checked.value.plan : checked;
  };

  test('is nothing when nothing is said', () => {
    expect([planOf({}), planOf({ timeout: 1, idempotent: true, retry: undefined })]).toEqual([
      undefined,
      undefined,
    ]);
  });

  test('is all that is said, with the defaults of the rest', () => {
    const retry = { times: 2, backoff: 7 };
    const target = 'ab'.repeat(32);
    expect(
      planOf({ forceRefresh: true, strategy: 'nearest', maxAttempts: 4, retry, target, explain: true }),
    ).toEqual({
      forceRefresh: true,
      strategy: 'nearest',
      maxAttempts: 4,
      retry: { times: 2, backoff: 7, maxBackoff: 5_000 },
      target,
      explain: true,
    });
    expect(planOf({ explain: false })).toMatchObject({
      forceRefresh: false,
      retry: undefined,
      explain: false,
    });
  });
});

describe('the public functions', () => {
  test('tryCall never throws and sends nothing for what is wrong', async () => {
    const world = meshWorld();
    const node = await world.node();
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    const frames = contextOf(client).counters.callsOut;
    const wrong: readonly (readonly unknown[])[] = [
      [null],
      ['bad name'],
      ['a.b', 7],
      ['a.b', proxy],
      ['a.b', {}, null],
      ['a.b', {}, proxy],
      ['a.b', {}, { timeout: NaN }],
      ['a.b', {}, { idempotencyKey: 'é'.repeat(200) }],
    ];
    for (const args of wrong) {
      const result = await world.settle(client.tryCall(...(args as [string])));
      expect(result.ok).toBe(false);
    }
    expect(contextOf(client).counters.callsOut).toBe(frames);
  });

  test('advertise and unadvertise name what is wrong, before anything is registered', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    const cases: readonly (readonly [readonly unknown[], string])[] = [
      [['bad name', () => 1], 'procedure'],
      [['a.b', 7], 'handler'],
      [['a.b', server(null as never)], 'handler'],
      [['a.b', server({ id: '' } as never)], 'handler'],
      [['a.b', () => 1, { ttl: 29 }], 'ttl'],
      [['a.b', () => 1, { metadata: { a: 'x'.repeat(4_000) } }], 'metadata'],
      [['a.b', () => 1, { metadata: [] }], 'metadata'],
      [['a.b', () => 1, { metadata: { a: Array.from({ length: 446 }, () => []) } }], 'metadata'],
      [['a.b', () => 1, { metadata: nested(32) }], 'metadata'],
      [['a.b', () => 1, { description: 7 }], 'description'],
      [['a.b', () => 1, { limits: null }], 'limits'],
      [['a.b', () => 1, { limits: { maxConcurrent: 0 } }], 'limits.maxConcurrent'],
      [['a.b', () => 1, { limits: { maxQueue: -1 } }], 'limits.maxQueue'],
      [['a.b', () => 1, { authorize: true }], 'authorize'],
      [['a.b', () => 1, { exclusive: 1 }], 'exclusive'],
      [['a.b', () => 1, null], 'options'],
    ];
    for (const [args, field] of cases) {
      const advertise = node.advertise as (...all: readonly unknown[]) => Promise<unknown>;
      expect(await world.failure(advertise.apply(node, [...args]))).toMatchObject({
        tag: 'invalid_args',
        field,
      });
    }
    for (const what of [null, 7, 'bad name', proxy]) {
      expect((await world.failure(node.unadvertise(what as string))).tag).toBe('invalid_args');
    }
    expect(contextOf(node).advertised.size).toBe(0);
  });

  test('connectLocal takes a node and nothing else', () => {
    for (const what of [undefined, null, {}, 7]) expect(() => connectLocal(what as never)).toThrow(RpcError);
  });
});

describe('options of startNode and connect', () => {
  const wrong = (check: (options: object) => void, options: unknown): unknown => {
    try {
      check(options as object);
      return 'accepted';
    } catch (error) {
      return error instanceof RpcError && error.failure.tag === 'invalid_args' ? error.failure.field : error;
    }
  };
  const cases: readonly (readonly [unknown, string])[] = [
    [{ relm: 'x' }, 'relm'],
    [{ realm: '' }, 'realm'],
    [{ realm: 'é'.repeat(128) }, 'realm'],
    [{ realm: '\ud800' }, 'realm'],
    [{ names: 'all' }, 'names'],
    [{ identity: 'file' }, 'identity'],
    [{ runtime: {} }, 'runtime'],
    [{ maxBody: 1_023 }, 'maxBody'],
    [{ maxBody: 67_108_865 }, 'maxBody'],
    [{ helloTimeout: NaN }, 'helloTimeout'],
    [{ limits: { links: 0 } }, 'limits.links'],
    [{ limits: { nonsense: 1 } }, 'limits.nonsense'],
    [{ limits: null }, 'limits'],
    [{ crashDetails: 'yes' }, 'crashDetails'],
    [{ children: {} }, 'children'],
    [{ children: [{ id: 'x' }] }, 'children'],
    [
      {
        children: [
          { id: 'x', start: trap },
          { id: 'x', start: trap },
        ],
      },
      'children',
    ],
    [proxy, 'options'],
    [null, 'options'],
    [7, 'options'],
  ];
  test.each(cases.map((_case, at) => at))('case %s is refused, naming the field', (at) => {
    const [options, field] = cases[at]!;
    expect(wrong(checkNodeOptions, options)).toBe(field);
    expect(wrong(checkConnectOptions, options)).toBe(field);
  });

  test('undefined is as if it were left out', () => {
    expect(wrong(checkNodeOptions, { realm: undefined, limits: undefined })).toBe('accepted');
  });

  test.each([
    { timeout: 0 },
    { timeout: 2 ** 31 },
    { nodeId: 'AB'.repeat(32) },
    { nodeId: 'ab' },
    { signal: {} },
  ])('connect refuses %o', (options) => {
    expect(wrong(checkConnectOptions, options)).toBe(Object.keys(options)[0]);
  });

  test('off loopback a missing realm and the open one are named; so is an address that cannot be listened on', async () => {
    const failures = [
      startNode({ listen: '0.0.0.0:9443' }),
      startNode({ listen: '0.0.0.0:0', realm: 'default' }),
      startNode({ listen: 'example.org:1' }),
      startNode({ listen: 'https://127.0.0.1:1' }),
      startNode({ listen: '127.0.0.1:99999' }),
      startNode({ listen: '::1:5' }),
      connect('https://192.0.2.1:9443'),
      connect('https://192.0.2.1:9443', { realm: 'default' }),
      connect('ftp://127.0.0.1'),
      connect('https://127.0.0.1/path'),
      connect(''),
      connect(7 as never),
    ];
    const fields: unknown[] = [];
    for (const failure of failures) {
      fields.push(
        await failure.then(
          () => 'ok',
          (error: RpcError) => (error.failure as { field: string }).field,
        ),
      );
    }
    expect(fields).toEqual([
      'realm',
      'realm',
      'listen',
      'listen',
      'listen',
      'listen',
      'realm',
      'realm',
      'url',
      'url',
      'url',
      'url',
    ]);
  });
});

describe('an option that does not exist', () => {
  test('is refused by its name, by call, tryCall and advertise alike', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    await node.advertise('m.one', () => 1);
    const unknown = { timeOut: 5 } as never;
    const refused = { tag: 'invalid_args', field: 'timeOut', detail: 'is not an option' };
    expect(await world.failure(node.call('m.one', {}, unknown))).toEqual(refused);
    const result = await world.settle(node.tryCall('m.one', {}, unknown));
    expect(result.ok ? result : result.error.failure).toEqual(refused);
    expect(await world.failure(node.advertise('m.two', () => 2, unknown))).toEqual(refused);
    expect(
      await world.failure(node.advertise('m.two', () => 2, { limits: { maxConcurent: 1 } as never })),
    ).toEqual({ ...refused, field: 'limits.maxConcurent' });
    // as everywhere, undefined is absent
    expect(await world.settle(node.call('m.one', {}, { timeOut: undefined } as never))).toBe(1);
    expect((await node.advertise('m.two', () => 2, { ttl: 30, other: undefined } as never)).procedure).toBe(
      'm.two',
    );
  });
});
