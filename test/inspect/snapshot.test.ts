import { describe, expect, test } from 'vitest';
import type { ActorNode, TreeSnapshot } from '../../src/inspect/snapshot.ts';
import { snapshot } from '../../src/inspect/snapshot.ts';
import { startSupervisor } from '../../src/otp/supervisor.ts';
import { renderTree } from '../../src/inspect/text.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply } from '../../src/otp/result.ts';
import { closeAtEnd, gate, meshWorld, pair, processOf, runtimeOf } from '../mesh-world.ts';
import { spawn, world as actorWorld } from '../actor/world.ts';

const every = (node: ActorNode): ActorNode[] => [node, ...node.children.flatMap(every)];

describe('snapshot', () => {
  test('is plain data of schema 1: every field has its type, ids are unique, parents are right', async () => {
    const world = meshWorld();
    const { node, client } = await pair(world);
    const held = gate();
    await node.advertise('m.slow', () => held.promise);
    const call = client.call('m.slow');
    await world.clock.advance(10);
    for (const tree of [node.inspect(), client.inspect()]) {
      expect(structuredClone(tree)).toEqual(tree);
      expect(JSON.parse(JSON.stringify(tree))).toEqual(tree);
      expect([tree.schema, tree.at]).toEqual([1, world.clock.wall()]);
      const all = every(tree.root);
      expect(new Set(all.map(({ id }) => id)).size).toBe(all.length);
      expect(tree.root.parent).toBe(null);
      for (const actor of all) {
        expect(actor).toMatchObject({
          id: expect.stringMatching(/^<0\.\d+>$/) as string,
          name: expect.any(String) as string,
          type: expect.any(String) as string,
          status: 'running',
          startedAt: expect.any(Number) as number,
          mailbox: { length: expect.any(Number) as number, max: expect.any(Number) as number, dropped: 0 },
          counters: {
            in: expect.any(Number) as number,
            out: expect.any(Number) as number,
            handled: expect.any(Number) as number,
            crashes: 0,
            restarts: 0,
          },
          module: expect.any(String) as string,
          state: { type: expect.any(String) as string },
          links: expect.any(Array) as string[],
          monitors: expect.any(Array) as string[],
          monitoredBy: expect.any(Array) as string[],
          trapExit: expect.any(Boolean) as boolean,
        });
        for (const child of actor.children) expect(child.parent).toBe(actor.id);
      }
    }
    const procedure = every(node.inspect().root).find(({ name }) => name === 'm.slow');
    expect(procedure).toMatchObject({
      type: 'Procedure',
      restart: { policy: 'transient' },
      strategy: 'oneForOne',
      details: { running: 1, waiting: 0, served: 1, crashed: 0, maxConcurrent: 64, maxQueue: 256 },
      children: [{ type: 'Invocation' }],
    });
    held.open();
    await world.settle(call);
  });

  test('shows restarts, what is queued, and a root that is dead', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    runtimeOf(node).exit(processOf(node, 'router'), 'kill');
    await world.clock.settle();
    expect(every(node.inspect().root).find(({ name }) => name === 'router')?.counters).toMatchObject({
      crashes: 1,
      restarts: 1,
    });
    await world.settle(node.close());
    expect(node.inspect().root).toMatchObject({ status: 'crashed', children: [] });
  });

  test('shows who is linked to whom, who watches whom, and what a supervisor tolerates', async () => {
    const { runtime } = actorWorld();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    runtime.link(a, b);
    runtime.monitor(a, b);
    expect(snapshot(a, 'x').root).toMatchObject({ links: [`${b}`], monitors: [`${b}`], monitoredBy: [] });
    expect(snapshot(b, 'x').root).toMatchObject({ links: [`${a}`], monitors: [], monitoredBy: [`${a}`] });
    const sup = await startSupervisor(runtime, {
      strategy: 'restForOne',
      intensity: 7,
      period: 90,
      children: [],
    });
    expect(snapshot(sup.pid, 'x').root).toMatchObject({
      strategy: 'restForOne',
      restart: { intensity: 7, period: 90, recent: [] },
    });
  });

  test('shows what an actor handles just now and what it has sent, and nothing of that where there is nothing', async () => {
    const { runtime, clock } = actorWorld();
    const held = gate();
    const slow: GenServer<void, null, object, { store(text: string): void }> = {
      init: () => null,
      handleCast: { store: (_text, state) => held.promise.then(() => noReply(state)) },
    };
    const ref = await startServer(runtime, slow, undefined);
    const other = spawn(runtime, () => void ref.cast('store', 'canary'));
    runtime.send(other, 1);
    await clock.advance(70);
    expect(snapshot(ref.pid, 'x').root).toMatchObject({
      currentMessage: { type: 'cast store', forMs: 70 },
      counters: { in: 1, out: 0, handled: 1, crashes: 0, restarts: 0 },
    });
    expect(snapshot(other, 'x').root.counters).toMatchObject({ in: 1, out: 1 });
    held.open();
    await clock.settle();
    expect(snapshot(ref.pid, 'x').root).not.toHaveProperty('currentMessage');
  });

  test('holds no state, no message and no argument', async () => {
    const { runtime } = actorWorld();
    const secret: GenServer<string, string> = { init: (state) => state };
    const ref = await startServer(runtime, secret, 'canary-state');
    ref.send('canary-message');
    expect(JSON.stringify(snapshot(ref.pid, 'x'))).not.toContain('canary');
  });

  test('of a tree of 10,000 levels needs no stack, nor does its text', () => {
    const { runtime } = actorWorld();
    const top = spawn(runtime);
    let parent = top;
    for (let level = 0; level < 10_000; level++) parent = spawn(runtime, undefined, { parent });
    const tree = snapshot(top, 'deep');
    const text = renderTree(tree);
    expect(text.split('\n').length).toBe(257);
  });

  test('of what is no local process is refused', () => {
    expect(() => snapshot(undefined, 'x')).toThrow(TypeError);
  });
});

const NODE: ActorNode = {
  id: '<0.1>',
  name: 'node',
  type: 'Supervisor',
  module: 'Supervisor',
  state: { type: 'object' },
  status: 'running',
  startedAt: 0,
  parent: null,
  mailbox: { length: 0, max: 1_000, dropped: 0 },
  counters: { in: 0, out: 0, handled: 0, crashes: 0, restarts: 0 },
  links: [],
  monitors: [],
  monitoredBy: [],
  trapExit: true,
  children: [],
};
const tree = (root: ActorNode): TreeSnapshot => ({ schema: 1, node: 'x', at: 0, root });

describe('renderTree', () => {
  test('draws branches, facts and what is not ordinary', () => {
    const root = {
      ...NODE,
      strategy: 'restForOne' as const,
      restart: { intensity: 3, period: 5_000, recent: [] },
      children: [
        {
          ...NODE,
          id: '<0.2>',
          name: 'a',
          type: 'GenServer',
          mailbox: { length: 3, max: 9, dropped: 2 },
          children: [{ ...NODE, id: '<0.3>', name: 'aa' }],
        },
        {
          ...NODE,
          id: '<0.4>',
          name: 'b',
          status: 'suspended' as const,
          counters: { in: 0, out: 0, handled: 0, crashes: 0, restarts: 7 },
        },
      ],
    };
    expect(renderTree(tree(root)).split('\n')).toEqual([
      '<0.1> node (Supervisor, restForOne 3/5s)',
      '├─ <0.2> a (GenServer, mailbox 3, dropped 2)',
      '│  └─ <0.3> aa (Supervisor)',
      '└─ <0.4> b (Supervisor, suspended, restarts 7)',
    ]);
  });

  test('stops at the depth and counts what it does not show', () => {
    const many = {
      ...NODE,
      children: Array.from({ length: 40 }, (_, at) => ({ ...NODE, name: `n${at}`, children: [NODE] })),
    };
    const lines = renderTree(tree(many), { depth: 1, width: 3 }).split('\n');
    expect(lines.length).toBe(5);
    expect(lines[4]).toBe('└─ … 37 more');
  });

  test.each([
    '\u001b[2J\u001b]0;owned\u0007',
    'line\nbreak\r',
    '\u202egnp.exe',
    '\u2066x\u2069',
    'a\0b',
    '\u009b31m',
    'x\u2028y',
    '\ufeff\u200b',
    '\ud800',
    '\u061c',
    '\u{e0041}',
  ])('no control or direction character of %j reaches a terminal', (name) => {
    const text = renderTree(tree({ ...NODE, name, type: name }));
    expect(text).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    expect(text.split('\n').length).toBe(1);
  });

  test('a long name is cut between characters', () => {
    const text = renderTree(tree({ ...NODE, name: '😀'.repeat(1_000) }));
    expect(Array.from(text).length).toBeLessThan(100);
    expect((text as string & { isWellFormed(): boolean }).isWellFormed()).toBe(true);
  });
});
