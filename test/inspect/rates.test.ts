/** What happened per second between two looks; of a place whoever sits in it. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import type { Delta } from '../../src/inspect/delta.ts';
import { IDLE, Places, ratesOf } from '../../src/inspect/rates.ts';
import type { ActorRow } from '../../src/inspect/row.ts';
import { Watch } from '../../src/inspect/watch.ts';
import type { GenServer } from '../../src/otp/gen-server.ts';
import { noReply } from '../../src/otp/result.ts';
import { startSupervisor, worker } from '../../src/otp/supervisor.ts';
import { world } from '../actor/world.ts';
import { applied, NOBODY, type Known } from './known-tree.ts';

describe('ratesOf', () => {
  const now = { in: 30, out: 20, handled: 25, crashes: 9, restarts: 9 };
  const ends = { crashes: 2, restarts: 1 };

  test('is what was counted since, by the second, to a tenth', () => {
    const known = { in: 10, out: 17, handled: 25, crashes: 7, restarts: 8 };
    expect(ratesOf(now, known, ends, 2_000)).toEqual({
      in: 10,
      out: 1.5,
      handled: 0,
      crashes: 1,
      restarts: 0.5,
    });
  });

  test('of one that is new is that of its place alone', () => {
    expect(ratesOf(now, undefined, ends, 1_000)).toEqual({ ...IDLE, crashes: 2, restarts: 1 });
  });

  test('of no time, and of all time, is nothing', () => {
    for (const elapsed of [0, -1, Infinity]) expect(ratesOf(now, undefined, ends, elapsed)).toEqual(IDLE);
  });
});

describe('Places', () => {
  test('tell what came since the last look, each for itself', () => {
    const places = new Places();
    const [a, b] = [{}, {}];
    const look = (place: object, crashes: number, restarts: number): unknown[] =>
      Object.values(places.look(place, { crashes, restarts }));
    expect(look(a, 0, 0)).toEqual([0, 0]);
    expect(look(a, 2, 1)).toEqual([2, 1]);
    expect(look(a, 2, 1)).toEqual([0, 0]);
    expect(look(b, 5, 5)).toEqual([5, 5]);
    expect(look(a, 2, 4)).toEqual([0, 3]);
    places.clear();
    expect(look(a, 2, 4)).toEqual([2, 4]);
  });
});

test('a watch tells crashes and restarts of a place in the look after them, under the new id, and then no more', async () => {
  const { runtime, clock } = world();
  const fragile: GenServer<void, null> = {
    init: () => null,
    handleInfo: (message, state) => {
      if (message === 'fail') throw new Error('x');
      return noReply(state);
    },
  };
  const spec = { strategy: 'oneForOne', intensity: 100, period: 1 } as const;
  const root = (await startSupervisor(runtime, { ...spec, children: [worker('w', fragile, undefined)] }))
    .pid as Process;
  const worth = (): Process => [...childrenOf(root)][0]!;
  const fail = async (): Promise<void> => {
    runtime.send(worth(), 'fail');
    await clock.settle();
  };
  // before anybody looks: that is no rate
  await fail();
  const watch = new Watch({
    clock,
    root: () => root,
    fault: (error) => expect.fail(String(error)),
  });
  const leave = watch.subscribe(() => undefined, 1_000);
  let known: Known = applied(NOBODY, await watch.tree());
  let { seq }: Pick<Delta, 'seq'> = await watch.tree();
  const row = async (): Promise<ActorRow> => {
    await clock.advance(1_000);
    const delta = watch.since(seq);
    if (delta !== undefined) {
      known = applied(known, delta);
      ({ seq } = delta);
    }
    return known.get(String(worth()))!;
  };
  expect((await row()).rate).toEqual(IDLE);
  await fail();
  await fail();
  expect(await row()).toMatchObject({
    counters: { in: 0, crashes: 3, restarts: 3 },
    rate: { in: 0, handled: 0, crashes: 2, restarts: 2 },
  });
  expect((await row()).rate).toEqual(IDLE);
  leave();
  watch.close();
});
