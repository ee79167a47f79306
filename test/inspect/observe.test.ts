import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import type { Delta } from '../../src/inspect/delta.ts';
import { observe, type ObserveOptions } from '../../src/inspect/observe.ts';
import type { ActorRow } from '../../src/inspect/row.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { startSupervisor, supervisor, worker, type SupervisorSpec } from '../../src/otp/supervisor.ts';
import { spawn, world as actorWorld } from '../actor/world.ts';
import { applied, inOrder, NOBODY, standing, type Known } from './known-tree.ts';
import { closeAtEnd, meshWorld } from '../mesh-world.ts';

const quiet: GenServer<void, number> = { label: 'quiet', init: () => 0 };
const odd: GenServer<void, number> = { label: 'odd', init: () => 0 };

const flat = (count: number): SupervisorSpec => ({
  strategy: 'oneForOne',
  intensity: 1_000_000,
  period: 1,
  children: Array.from({ length: count }, (_, n) => worker(`w${n}`, n % 2 === 0 ? quiet : odd, undefined)),
});

async function scene(spec = flat(4)) {
  const world = actorWorld();
  const root = (await startSupervisor(world.runtime, spec)).pid as Process;
  const host = { clock: world.clock, root: () => root, fault: world.runtime.defect.bind(world.runtime) };
  return { ...world, root, open: (options?: ObserveOptions) => observe(host, options) };
}

const ids = (rows: Iterable<{ readonly id: string }>): string[] => [...rows].map(({ id }) => id);

describe('observe', () => {
  test('refuses options that make no sense at once', async () => {
    const { open } = await scene();
    for (const interval of [99, 60_001, NaN, Infinity, -1, '500', null, {}])
      expect(() => open({ interval: interval as number }), String(interval)).toThrow(TypeError);
    expect(() => open({ filter: 'all' as never })).toThrow(TypeError);
    expect(() => open({ signal: { aborted: false } as never })).toThrow(TypeError);
    for (const interval of [100, 60_000]) expect(() => open({ interval })).not.toThrow();
  });

  test('what nobody asks anything of costs nothing; one loop that has ended leaves nothing', async () => {
    const { clock, open } = await scene();
    const before = clock.pending;
    const all = open();
    await clock.advance(10_000);
    expect(clock.pending).toBe(before);
    for await (const delta of all) {
      expect(delta).toMatchObject({ reset: true });
      expect(clock.pending).toBe(before + 1);
      break;
    }
    expect(clock.pending).toBe(before);
    await clock.advance(10_000);
    expect(await all.next()).toEqual({ done: true, value: undefined });
  });

  test('tells all of it first, then what happens to it', async () => {
    const { clock, runtime, root, open } = await scene();
    const deltas = open({ interval: 500 });
    const first = (await deltas.next()).value as Delta;
    expect(ids(first.added)).toEqual(standing(root).map(String));
    const next = deltas.next();
    await clock.advance(10_000);
    const child = spawn(runtime, undefined, { parent: root, linked: false });
    await clock.advance(500);
    const second = (await next).value as Delta;
    expect(second).toMatchObject({ added: [{ id: String(child) }], removed: [] });
    expect(second.reset).toBe(undefined);
    await deltas.return?.();
  });

  test('its signal ends it, before it begins, while it waits, and while it is slow', async () => {
    const { clock, open } = await scene();
    const before = clock.pending;
    expect(await open({ signal: AbortSignal.abort() }).next()).toEqual({ done: true, value: undefined });
    const enough = new AbortController();
    const deltas = open({ signal: enough.signal });
    await deltas.next();
    const waiting = deltas.next();
    await clock.settle();
    enough.abort();
    expect(await waiting).toEqual({ done: true, value: undefined });
    const later = new AbortController();
    const slow = open({ signal: later.signal });
    await slow.next();
    later.abort();
    expect(await slow.next()).toEqual({ done: true, value: undefined });
    expect(clock.pending).toBe(before);
  });

  test('ends with the tree, after it has told of its end', async () => {
    const { clock, runtime, root, open } = await scene();
    const before = clock.pending;
    const told: Delta[] = [];
    const over = (async () => {
      for await (const delta of open()) told.push(delta);
    })();
    await clock.advance(1_000);
    runtime.exit(root, 'kill');
    await clock.advance(2_000);
    await over;
    expect(told.at(-1)).toMatchObject({ changed: [{ id: String(root), status: 'crashed' }] });
    expect(clock.pending).toBeLessThanOrEqual(before);
    // and one that begins then says so, and no more
    const late: Delta[] = [];
    for await (const delta of open()) late.push(delta);
    expect(late).toMatchObject([{ reset: true, added: [{ status: 'crashed' }] }]);
  });

  test('ends with its node', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    let known: Known = NOBODY;
    const over = (async () => {
      for await (const delta of node.observe()) known = applied(known, delta);
    })();
    await world.clock.advance(1_000);
    expect(known.size).toBeGreaterThan(10);
    await world.settle(node.close());
    await world.settle(over);
    expect([...known.values()]).toMatchObject([{ name: 'node', status: 'crashed' }]);
  });

  test('with a filter: who passes it comes, who no longer does leaves', async () => {
    const { clock, runtime, root, open } = await scene();
    const [first] = [...childrenOf(root)];
    const busy = open({ interval: 1_000, filter: ({ rate }) => rate.in > 0 });
    expect((await busy.next()).value).toMatchObject({ reset: true, added: [] });
    const comes = busy.next();
    runtime.send(first!, 'hello');
    await clock.advance(1_000);
    expect((await comes).value).toMatchObject({ added: [{ id: String(first) }], removed: [], changed: [] });
    const leaves = busy.next();
    await clock.advance(1_000);
    expect((await leaves).value).toMatchObject({ added: [], removed: [String(first)], changed: [] });
    // of what is not shown nothing is told
    const none = busy.next();
    spawn(runtime, undefined, { parent: root, linked: false });
    await clock.advance(5_000);
    runtime.exit(root, 'kill');
    await clock.advance(5_000);
    expect(await none).toEqual({ done: true, value: undefined });
  });

  test('what a filter throws ends the loop with it, and leaves nothing', async () => {
    const { clock, open } = await scene();
    const before = clock.pending;
    const deltas = open({
      filter: () => {
        throw new Error('mine');
      },
    });
    await expect(deltas.next()).rejects.toThrow('mine');
    expect(clock.pending).toBe(before);
  });
});

describe('a slow consumer', () => {
  const doing = fc.array(
    fc.record({
      what: fc.constantFrom('kill', 'send', 'spawn'),
      whom: fc.nat(1_000),
      /** Looks that it lets pass before it asks for the next. */
      sleep: fc.integer({ min: 0, max: 45 }),
    }),
    { minLength: 1, maxLength: 8 },
  );
  const filters: Record<string, ((row: ActorRow) => boolean) | undefined> = {
    all: undefined,
    odd: ({ name }) => name === 'odd',
    busy: ({ rate }) => rate.in > 0,
    restarted: ({ counters }) => counters.restarts > 0,
  };

  for (const [name, filter] of Object.entries(filters))
    test(`ends with the true tree, of ${name}`, async () => {
      await fc.assert(
        fc.asyncProperty(doing, async (steps) => {
          const { clock, runtime, root, open } = await scene({
            ...flat(3),
            children: [supervisor('s', { ...flat(5), strategy: 'restForOne' }), worker('w', odd, undefined)],
          });
          const deltas = open({ interval: 100, ...(filter === undefined ? {} : { filter }) });
          let known: Known = NOBODY;
          const take = async (): Promise<void> => {
            const { value } = (await deltas.next()) as { value: Delta };
            known = applied(known, value);
          };
          await take();
          for (const { what, whom, sleep } of steps) {
            const target = standing(root).slice(1)[whom % (standing(root).length - 1)]!;
            if (what === 'kill') runtime.exit(target, 'kill');
            else if (what === 'send') runtime.send(target, 1);
            else spawn(runtime, undefined, { parent: target, linked: false, label: 'odd' });
            for (let n = 0; n < sleep; n++) {
              // the tree is not the same twice
              runtime.send(root, n);
              await clock.advance(100);
            }
            if (filter === undefined && sleep > 0) await take();
          }
          await clock.advance(1_000);
          const rest = (async () => {
            for await (const delta of deltas) known = applied(known, delta);
          })();
          await clock.advance(1_000);
          const truth = new Map<string, ActorRow>();
          const check = open({ interval: 100 });
          const whole = (await check.next()).value as Delta;
          await check.return?.();
          for (const row of whole.added) truth.set(row.id, row);
          const shown = filter === undefined ? [...truth.values()] : [...truth.values()].filter(filter);
          // a first look knows no rates
          const bare = ({ rate: _rate, ...row }: ActorRow): object => row;
          expect(new Map([...known.values()].map((row) => [row.id, bare(row)]))).toEqual(
            new Map(shown.map((row) => [row.id, bare(row)])),
          );
          if (filter === undefined) expect(ids(inOrder(known))).toEqual(standing(root).map(String));
          runtime.exit(root, 'kill');
          await clock.advance(1_000);
          await rest;
        }),
        { numRuns: 15 },
      );
    });
});
