/** What a node keeps for those who look from afar, and for how long. */
import { describe, expect, test } from 'vitest';
import { remoteInspection, type RemoteLooks } from '../../src/inspect/remote.ts';
import type { Delta } from '../../src/inspect/delta.ts';
import type { ActorRow } from '../../src/inspect/row.ts';
import type { InspectorSource } from '../../src/inspect/source.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';

interface Stage {
  readonly clock: VirtualClock;
  readonly remote: RemoteLooks;
  /** Intervals at which the tree is watched now. */
  readonly watched: number[];
  readonly crashes: { id: string }[];
  tree: Delta;
  news: Delta | undefined;
  ask(question: Record<string, unknown>): Promise<Record<string, unknown> | undefined>;
}

const row = (id: string, bytes = 0): ActorRow => ({ id, name: 'x'.repeat(bytes) }) as unknown as ActorRow;
const delta = (seq: number, added: readonly ActorRow[], more: Partial<Delta> = {}): Delta => ({
  seq,
  at: 0,
  added,
  removed: [],
  changed: [],
  ...more,
});

function staged(): Stage {
  const clock = virtualClock();
  const watched: number[] = [];
  const crashes: { id: string }[] = [];
  const stage = {
    clock,
    watched,
    crashes,
    tree: delta(1, [row('a')], { reset: true }),
    news: undefined,
  } as unknown as Stage;
  const watch = {
    now: () => 0,
    tree: () => Promise.resolve(stage.tree),
    since: () => stage.news,
    subscribe: (_news: () => void, interval: number) => {
      watched.push(interval);
      return () => void watched.splice(watched.indexOf(interval), 1);
    },
  };
  const source = {
    watch,
    views: {},
    crashes: () => Promise.resolve([...crashes]),
  } as unknown as InspectorSource;
  const remote = remoteInspection(source, [], clock);
  return Object.assign(stage, {
    remote,
    ask: (question: Record<string, unknown>) =>
      new Promise<Record<string, unknown> | undefined>((resolve) => {
        remote.answer(question as never, (answer) =>
          resolve(
            typeof answer === 'string'
              ? undefined
              : (JSON.parse(String(answer['json'])) as Record<string, unknown>),
          ),
        );
      }),
  });
}

const GAP = { gap: true };

const idsIn = (page: Record<string, unknown> | undefined): readonly string[] =>
  ((page?.['rows'] ?? []) as readonly ActorRow[]).map(({ id }) => id);

describe('the tree', () => {
  test('is watched only for who will ask again, as often as the most eager wants, until nobody has asked for 15 s', async () => {
    const { clock, watched, ask } = staged();
    await ask({ what: 'tree' });
    expect(watched).toEqual([]);
    await ask({ what: 'tree', interval: 1_000 });
    await ask({ what: 'tree', interval: 200 });
    await ask({ what: 'tree', interval: 500 });
    expect(watched).toEqual([200]);
    await clock.advance(14_999);
    expect(await ask({ what: 'changes', seq: 1, interval: 200 })).toEqual({ crashes: [] });
    await clock.advance(14_999);
    expect(watched).toEqual([200]);
    await clock.advance(1);
    expect(watched).toEqual([]);
    // what changed meanwhile nobody has seen
    expect(await ask({ what: 'changes', seq: 1, interval: 300 })).toEqual(GAP);
    expect(watched).toEqual([300]);
  });

  test('is watched no more when the inspector ends', async () => {
    const { watched, ask, remote } = staged();
    await ask({ what: 'tree', interval: 200 });
    remote.close();
    expect(watched).toEqual([]);
  });

  test('comes in pages of one look, whatever has happened since; four of them are kept, and for 15 s', async () => {
    const stage = staged();
    const { ask, clock } = stage;
    stage.tree = delta(1, [row('a', 200_000), row('b', 200_000), row('c')], { reset: true });
    const first = await ask({ what: 'tree' });
    expect([first?.['next'], idsIn(first)]).toEqual([1, ['a']]);
    stage.tree = delta(2, [row('other')], { reset: true });
    const question = { what: 'tree', look: first?.['look'], from: 1 };
    expect(idsIn(await ask(question))).toEqual(['b', 'c']);
    // all of it was fetched
    expect(await ask(question)).toEqual(GAP);
    stage.tree = delta(3, [row('a', 200_000), row('b', 200_000)], { reset: true });
    const looks = [];
    for (let n = 0; n < 5; n++) looks.push((await ask({ what: 'tree' }))?.['look']);
    expect(await ask({ what: 'tree', look: looks[0], from: 1 })).toEqual(GAP);
    expect(await ask({ what: 'tree', look: looks[1], from: 1 })).toMatchObject({ look: looks[1] });
    await clock.advance(15_000);
    expect(await ask({ what: 'tree', look: looks[2], from: 1 })).toEqual(GAP);
  });
});

describe('changes', () => {
  test('are a delta and the crashes after the one that is known; of one that is not known all of them', async () => {
    const stage = staged();
    const { ask, crashes } = stage;
    await ask({ what: 'tree', interval: 100 });
    stage.news = delta(2, [row('b')]);
    crashes.unshift({ id: 'one' });
    crashes.unshift({ id: 'two' });
    expect(await ask({ what: 'changes', seq: 1, interval: 100, crash: 'one' })).toMatchObject({
      delta: { seq: 2, added: [{ id: 'b' }] },
      crashes: [{ id: 'two' }],
    });
    expect(await ask({ what: 'changes', seq: 1, interval: 100, crash: 'two' })).toMatchObject({
      crashes: [],
    });
    expect(await ask({ what: 'changes', seq: 1, interval: 100 })).toMatchObject({
      crashes: [{ id: 'two' }, { id: 'one' }],
    });
  });

  test('that fit into no answer, or are the whole tree, are asked for as a tree', async () => {
    const stage = staged();
    const { ask } = stage;
    await ask({ what: 'tree', interval: 100 });
    stage.news = delta(2, [row('b', 150_000), row('c', 150_000)]);
    expect(await ask({ what: 'changes', seq: 1, interval: 100 })).toEqual(GAP);
    stage.news = delta(2, [row('b')], { reset: true });
    expect(await ask({ what: 'changes', seq: 1, interval: 100 })).toEqual(GAP);
  });
});

test('questions that make no sense are not answered', async () => {
  const { ask, watched } = staged();
  const wrong = [
    { what: 'tree', from: -1 },
    { what: 'tree', from: 0.5 },
    { what: 'tree', interval: 'x' },
    { what: 'tree', interval: Infinity },
    { what: 'changes' },
    { what: 'changes', seq: 1 },
    { what: 'changes', seq: '1', interval: 100 },
    { what: 'else' },
    {},
  ];
  for (const question of wrong) expect(await ask(question)).toBeUndefined();
  expect(await ask({ what: 'tree', from: 5 })).toEqual(GAP);
  expect(watched).toEqual([]);
});
