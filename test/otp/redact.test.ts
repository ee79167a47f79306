import fc from 'fast-check';
import { inspect } from 'node:util';
import { describe, expect, test } from 'vitest';
import { formatReport } from '../../src/actor/report-text.ts';
import type { Report } from '../../src/actor/report.ts';
import { RemotePid } from '../../src/actor/pid.ts';
import type { Process } from '../../src/actor/process.ts';
import {
  keepStateAndData,
  nextState,
  noReply,
  postpone,
  startServer,
  startStatem,
  stateTimeout,
  type GenServer,
} from '../../src/otp.ts';
import { redact, REDACTED, Redaction } from '../../src/otp/redact.ts';
import { sendRequest } from '../../src/otp/requests.ts';
import * as sys from '../../src/otp/sys.ts';
import { hostileValues } from '../actor/hostile.ts';
import { recorder, spawn, world } from '../actor/world.ts';

const KEY = 'password';
const stateOf = (state: unknown): unknown => redact(KEY)({ state }).state;

/** Values one can get at from here, by any way the language has, prototypes of one's own included. */
function reachable(from: unknown): Set<unknown> {
  const seen = new Set<unknown>();
  const queue = [from];
  for (let value = queue.pop(); queue.length > 0 || value !== undefined; value = queue.pop()) {
    if (seen.has(value)) continue;
    seen.add(value);
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null) continue;
    for (const key of Reflect.ownKeys(value)) queue.push(Object.getOwnPropertyDescriptor(value, key)?.value);
    if (value instanceof Map) for (const pair of value) queue.push(...pair);
    if (value instanceof Set) queue.push(...value);
    const prototype: unknown = Object.getPrototypeOf(value);
    if (!BUILT_IN.has(prototype)) queue.push(prototype);
  }
  return seen;
}
const BUILT_IN = new Set<unknown>(
  [Object, Array, Map, Set, Error, RegExp, Function, Date, String].map((each) => each.prototype as unknown),
);

/** The values of a copy, counted at each place where they stand. */
function written(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1;
  const parts: unknown[] =
    value instanceof Map
      ? [...value].flat()
      : value instanceof Set
        ? [...value]
        : [...Object.values(value), (value as Error).cause];
  return parts.reduce((sum: number, part) => sum + written(part), 1);
}

class Marker {
  readonly secret = true;
}
type Node = Record<string, unknown> | Map<unknown, unknown> | Set<unknown> | unknown[];

/** Objects of every kind, all of which can hold a secret and each other. */
const KINDS: readonly (() => object)[] = [
  () => ({}),
  () => Object.create(null) as object,
  () => new (class Account {})(),
  () => [],
  () => new Map(),
  () => new Set(),
  () => new Error('plain'),
  () => new AggregateError([], 'several'),
  () => () => undefined,
  () => new Uint8Array(2),
  () => Promise.resolve(),
  () => /x/u,
  () => new Proxy({}, {}),
  () => new WeakMap(),
];

function connect(from: object, key: string, to: unknown): void {
  if (from instanceof Map) from.set(key, to);
  else if (from instanceof Set) from.add(to);
  else if (from instanceof Error && key === 'a') from.cause = to;
  else (from as Record<string, unknown>)[key] = to;
}

function hideIn(node: object, secret: Marker): void {
  (node as Record<string, unknown>)[KEY] = secret;
  if (node instanceof Map) node.set(KEY, secret).set({ [KEY]: secret }, 1);
  if (node instanceof Set) node.add({ [KEY]: secret });
  if (Array.isArray(node)) node.push({ [KEY]: secret });
  if (node instanceof AggregateError) node.errors.push({ [KEY]: secret });
}

const graphs = fc
  .array(fc.record({ kind: fc.nat(KINDS.length - 1), edges: fc.array(fc.nat(1_000), { maxLength: 4 }) }), {
    minLength: 1,
    maxLength: 60,
  })
  .map((plan) => {
    const nodes = plan.map(({ kind }) => KINDS[kind]?.() as object);
    for (const [at, { edges }] of plan.entries()) {
      const from = nodes[at] as object;
      for (const [n, to] of edges.entries()) connect(from, 'abcd'[n] as string, nodes[to % nodes.length]);
      hideIn(from, new Marker());
    }
    return nodes as Node[];
  });

describe('redact', () => {
  test('nothing a secret key holds can be reached from what is shown, whatever holds it', () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        const shown = redact(KEY)({ state: nodes, message: nodes[0], reason: nodes[0], log: nodes });
        const leaks = [...reachable(shown)].filter((value) => value instanceof Marker);
        expect(leaks).toEqual([]);
      }),
    );
  });

  test('each object is looked into once, and what is shown is bounded also when it is written out', () => {
    fc.assert(
      fc.property(graphs, (nodes) => {
        const redaction = new Redaction(new Set([KEY]));
        const shown = redaction.show(nodes);
        // the array around them, and the objects made to hide the secrets in
        expect(redaction.visited).toBeLessThanOrEqual(1 + 3 * nodes.length);
        expect(written(shown)).toBeLessThanOrEqual(40_000);
      }),
    );
  });

  test('objects that share what they refer to cost their number, not the number of ways to it', () => {
    let [shared, deep]: [object, object] = [{ end: 1 }, { end: 1 }];
    for (let level = 0; level < 15; level++) shared = { a: shared, b: shared, c: [shared, shared] };
    for (let level = 0; level < 10_000; level++) deep = { parent: deep, again: deep, root: shared };
    for (const state of [shared, deep, Array.from({ length: 1_000 }, () => shared)]) {
      const redaction = new Redaction(new Set([KEY]));
      const shown = redaction.show(state);
      expect([redaction.visited <= 64, written(shown) <= 40_000]).toEqual([true, true]);
    }
  });

  test('what leads back is looked into once too', () => {
    const nodes: Record<string, unknown>[] = Array.from({ length: 200 }, () => ({ [KEY]: new Marker() }));
    for (const node of nodes) Object.assign(node, Object.fromEntries(nodes.map((to, n) => [`to${n}`, to])));
    const redaction = new Redaction(new Set([KEY]));
    const shown = redaction.show(nodes);
    expect([redaction.visited <= 201, written(shown) <= 40_000]).toEqual([true, true]);
    expect([...reachable(shown)].some((value) => value instanceof Marker)).toBe(false);
    expect(() => JSON.stringify(shown)).not.toThrow();
  });

  test('of what is large the beginning is shown; a large state takes nothing from the rest', () => {
    const list = Array.from({ length: 100_000 }, (_, n) => n);
    const many = Object.fromEntries(list.map((n) => [`k${n}`, n]));
    for (const state of [list, many, new Map(Object.entries(many)), new Set(list), new Array(2 ** 31)]) {
      const shown = redact(KEY)({ state, message: { user: 'ann' }, log: [1, 2], reason: 'why' });
      expect(shown).toMatchObject({ message: { user: 'ann' }, log: [1, 2], reason: 'why' });
      expect(written(shown.state)).toBeLessThanOrEqual(40_001);
      expect(inspect(shown.state, { maxArrayLength: null })).toContain(REDACTED);
    }
  });

  test('small things that are shared stay what they are', () => {
    const config = { user: 'ann', [KEY]: 'x' };
    const shown = stateOf({ a: config, b: config, list: [config] });
    const hidden = { user: 'ann', [KEY]: REDACTED };
    expect(shown).toEqual({ a: hidden, b: hidden, list: [hidden] });
  });

  test('processes, references, calls and timers are named, and nothing behind them is reached', async () => {
    const { runtime, clock } = world();
    const marker = new Marker();
    const { pid } = recorder(runtime);
    pid.state = { [KEY]: marker };
    const ref = await startServer(
      runtime,
      { init: () => ({ [KEY]: marker }), handleCall: { hold: (_: undefined, s: object) => noReply(s) } },
      undefined,
    );
    const held = {
      pid,
      remote: new RemotePid('far', 1, 7),
      runtime,
      ref,
      call: sendRequest(ref, 'hold'),
      timer: pid.sendAfter(1_000, { [KEY]: marker }),
      monitor: runtime.monitor(pid, ref.pid as Process),
    };
    await clock.settle();
    const shown = stateOf(held);
    expect(shown).toEqual({
      pid: pid.toString(),
      remote: '<far.7>',
      runtime: '[runtime]',
      ref: '[reference]',
      call: '[call]',
      timer: '[timer]',
      monitor: '[monitor]',
    });
  });

  test('bytes, promises, functions, proxies and getters are named; dates and patterns are copied', () => {
    let ran = 0;
    const run = (): never => {
      ran++;
      throw new Error('ran');
    };
    const date = new Date(5);
    (date as unknown as Record<string, unknown>)[KEY] = new Marker();
    const state = {
      bytes: Buffer.from('secret'),
      buffer: new ArrayBuffer(4),
      promise: Promise.resolve(1),
      run,
      proxy: new Proxy({}, { get: run, ownKeys: run, getOwnPropertyDescriptor: run, getPrototypeOf: run }),
      get field(): string {
        return run();
      },
      date,
      pattern: /a/gu,
    };
    const shown = stateOf(state) as { date: object };
    expect(shown).toEqual({
      bytes: '[bytes]',
      buffer: '[bytes]',
      promise: '[promise]',
      run: '[function]',
      proxy: '[proxy]',
      field: '[getter]',
      date: new Date(5),
      pattern: /a/gu,
    });
    expect([Object.keys(shown.date), ran]).toEqual([[], 0]);
  });

  test('an error keeps name, message, stack, causes and fields; a secret key among them hides its value', () => {
    class Refused extends Error {
      override readonly name = 'Refused';
      readonly user = 'ann';
      readonly password = new Marker();
    }
    const error = new Refused('no entry', { cause: { user: 'bob', [KEY]: new Marker() } });
    const shown = stateOf(error) as Refused;
    expect([shown instanceof Error, shown.name, shown.message, shown.stack]).toEqual([
      true,
      'Refused',
      'no entry',
      error.stack,
    ]);
    expect([shown.user, shown.password, shown.cause]).toEqual([
      'ann',
      REDACTED,
      { user: 'bob', [KEY]: REDACTED },
    ]);
    for (const key of ['message', 'name', 'stack']) {
      const text = inspect(redact(key)({ state: new Refused('no entry') }).state);
      // the text of a stack begins with the other two
      expect(text).not.toContain(key === 'name' ? 'Refused' : key === 'message' ? 'no entry' : '.test.ts');
    }
  });

  test('never throws, whatever it is given, and gives what can be printed', () => {
    for (const [, value] of hostileValues()) {
      const holders = [
        value,
        [value],
        { value },
        new Map([[value, value]]),
        new Set([value]),
        new Error('e', { cause: value }),
      ];
      for (const state of holders) {
        const shown = redact(KEY)({ state, reason: value, message: value, log: [value] });
        expect(inspect(shown).length).toBeGreaterThan(0);
      }
    }
    // an own field of that name does not become a prototype
    const shown = stateOf(JSON.parse('{"__proto__": {"password": "x", "user": "ann"}}')) as object;
    expect(JSON.stringify(shown)).toBe(`{"__proto__":{"password":"${REDACTED}","user":"ann"}}`);
    fc.assert(
      fc.property(
        fc.anything({
          withMap: true,
          withSet: true,
          withObjectString: true,
          withSparseArray: true,
          withNullPrototype: true,
          withDate: true,
          withTypedArray: true,
          withBigInt: true,
        }),
        (state) => {
          expect(inspect(stateOf(state)).length).toBeGreaterThan(0);
        },
      ),
    );
  });

  test('a key that is no text is refused where it is written', () => {
    expect(() => redact('a', undefined as never)).toThrow(/^key must/);
    expect(redact()({ state: { a: 1 } })).toEqual({ state: { a: 1 } });
  });

  test('a whole part may be named as secret', () => {
    const status = { state: 1, message: { a: 1 }, reason: 'why', log: [] };
    expect(redact('state', 'message')(status)).toEqual({
      state: REDACTED,
      message: REDACTED,
      reason: 'why',
      log: [],
    });
  });

  test('in a server: neither status, report nor its text tells, whatever the state refers to', async () => {
    const { runtime, reports, clock } = world();
    let shared: object = { [KEY]: 'hunter2' };
    for (let level = 0; level < 40; level++) shared = { a: shared, b: shared };
    const other = spawn(runtime);
    other.state = { [KEY]: 'hunter2' };
    const server: GenServer<undefined, unknown> = {
      init: () => ({ shared, other, log: [] }),
      handleInfo: () => {
        throw Object.assign(new Error('boom'), { [KEY]: 'hunter2' });
      },
      formatStatus: redact(KEY),
    };
    const ref = await startServer(runtime, server, undefined);
    await sys.log(ref, true);
    expect(inspect(await sys.getStatus(ref).then(({ state }) => state), { depth: 64 })).not.toContain(
      'hunter2',
    );
    ref.send({ [KEY]: 'hunter2' });
    await clock.settle();
    const report = reports.find(({ tag }) => tag === 'terminate') as Report;
    const text = formatReport(report);
    expect([text.includes('boom'), text.includes(REDACTED), text.includes('hunter2')]).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('in a machine: neither data, queue, postponed events nor timeouts tell', async () => {
    const { runtime, reports, clock } = world();
    const secret = { [KEY]: 'hunter2', user: 'ann' };
    const machine = await startStatem(
      runtime,
      {
        init: () => nextState('a', { secret, list: [secret] }, stateTimeout(5_000, secret)),
        handleEvent: ({ type }: { readonly type: string }) => {
          if (type === 'info') throw new Error('boom');
          return keepStateAndData(postpone);
        },
        formatStatus: redact(KEY),
      },
      undefined,
    );
    machine.cast('later', secret);
    sendRequest(machine, 'ask', secret);
    await clock.settle();
    const { state } = await sys.getStatus(machine);
    machine.send(secret);
    await clock.settle();
    const report = reports.find(({ tag }) => tag === 'terminate') as Report;
    // the process itself, which a report names, has its state until it is gone
    const told = { ...report, pid: undefined };
    for (const text of [inspect(state, { depth: 64 }), inspect(told, { depth: 64 }), formatReport(report)])
      expect(['ann', REDACTED, 'hunter2'].map((part) => text.includes(part))).toEqual([true, true, false]);
  });
});
