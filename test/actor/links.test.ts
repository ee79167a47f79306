import { describe, expect, test } from 'vitest';
import { Exit } from '../../src/actor/monitor.ts';
import type { Process } from '../../src/actor/process.ts';
import { recorder, seededWorld, spawn, world } from './world.ts';

describe('link', () => {
  test('is bidirectional: the death of either end takes the other along with the reason', () => {
    for (const victim of [0, 1]) {
      const { runtime } = world();
      const pair = [spawn(runtime), spawn(runtime)] as const;
      pair[0].link(pair[1]);
      runtime.exit(pair[victim] as Process, 'gone');
      expect(pair.map((each) => each.reason)).toEqual(['gone', 'gone']);
    }
  });

  test('twice is once: one unlink removes it', () => {
    const { runtime } = world();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    a.link(b);
    b.link(a);
    a.unlink(b);
    runtime.exit(a, 'gone');
    expect(b.alive).toBe(true);
  });

  test('twice is once: a trapping end gets one EXIT', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    const other = spawn(runtime);
    pid.link(other);
    other.link(pid);
    runtime.exit(other, 'gone');
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([new Exit(other, 'gone')]);
  });

  test('to a dead process delivers noproc: a message when trapping, death when not', async () => {
    const { runtime, clock } = world();
    const dead = spawn(runtime);
    runtime.exit(dead, 'kill');
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    pid.link(dead);
    const plain = spawn(runtime);
    plain.link(dead);
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([new Exit(dead, 'noproc')]);
    expect(plain.reason).toBe('noproc');
  });

  test('to itself does nothing', () => {
    const { runtime } = world();
    const pid = spawn(runtime);
    pid.link(pid);
    expect(pid.links).toBeNull();
  });

  test('a dead process links nobody', () => {
    const { runtime } = world();
    const [a, b] = [spawn(runtime), spawn(runtime)];
    runtime.exit(a, 'kill');
    a.link(b);
    expect(b.alive).toBe(true);
    expect(b.links).toBeNull();
  });
});

describe('unlink', () => {
  test('takes back an EXIT that is already queued, and no other', async () => {
    const { runtime, clock } = world();
    const { pid, inbox } = recorder(runtime, { trapExit: true });
    const [a, b] = [spawn(runtime), spawn(runtime)];
    pid.link(a);
    pid.link(b);
    runtime.exit(a, 'a');
    runtime.exit(b, 'b');
    pid.unlink(a);
    await clock.settle();
    expect(inbox.map(({ message }) => message)).toEqual([new Exit(b, 'b')]);
    expect(pid.received).toBe(1);
  });

  test('cuts the edge to the parent, in both directions', () => {
    const { runtime } = world();
    const parent = spawn(runtime);
    const [a, b] = [spawn(runtime, undefined, { parent }), spawn(runtime, undefined, { parent })];
    a.unlink(parent);
    parent.unlink(b);
    runtime.exit(b, 'gone');
    expect(parent.alive).toBe(true);
    runtime.exit(parent, 'gone');
    expect(a.alive).toBe(true);
  });

  test('takes back the queued exit signal of the parent', async () => {
    const { runtime, clock } = world();
    const parent = spawn(runtime);
    const child = spawn(runtime, undefined, { parent, trapExit: true });
    runtime.exit(child, 'shutdown', parent);
    child.unlink(parent);
    await clock.settle();
    expect(child.alive).toBe(true);
  });

  test('linking to the parent again restores the edge', () => {
    const { runtime } = world();
    const parent = spawn(runtime);
    const child = spawn(runtime, undefined, { parent });
    child.unlink(parent);
    child.link(parent);
    runtime.exit(child, 'gone');
    expect(parent.reason).toBe('gone');
  });
});

describe('many links', () => {
  test('the deaths of a chain of 100,000 linked processes need no stack', () => {
    const { runtime } = world();
    const chain = Array.from({ length: 100_000 }, () => spawn(runtime));
    for (let i = 1; i < chain.length; i++) chain[i]?.link(chain[i - 1] as Process);
    runtime.exit(chain[0] as Process, 'gone');
    expect(runtime.alive).toBe(0);
    expect(chain[99_999]?.reason).toBe('gone');
  });

  test('any link graph, any seed: exactly what hangs together dies, and each trapping neighbor hears once per dead peer', async () => {
    for (let seed = 0; seed < 200; seed++) {
      const { runtime, clock } = seededWorld(seed);
      const random = runtime.random.fork(`links ${seed}`);
      const nodes = Array.from({ length: 12 }, (_, i) => recorder(runtime, { trapExit: i % 4 === 0 }));
      const edges = new Set<string>();
      for (let i = 0; i < 14; i++) {
        const [a, b] = [random.u32() % 12, random.u32() % 12];
        if (a === b) continue;
        nodes[a]?.pid.link(nodes[b]?.pid as Process);
        edges.add(`${Math.min(a, b)}-${Math.max(a, b)}`);
      }
      const peers = (of: number): number[] =>
        [...edges]
          .map((edge) => edge.split('-').map(Number) as [number, number])
          .filter((edge) => edge.includes(of))
          .map(([a, b]) => (a === of ? b : a));
      const first = random.u32() % 12;
      const dead = new Set([first]);
      for (const each of dead) for (const peer of peers(each)) if (peer % 4 !== 0) dead.add(peer);
      runtime.exit(nodes[first]?.pid as Process, 'kill');
      await clock.settle();
      for (const [i, { pid, inbox }] of nodes.entries()) {
        expect(pid.alive).toBe(!dead.has(i));
        if (pid.alive) {
          const heard = inbox.map(({ message }) =>
            nodes.findIndex((node) => node.pid === (message as Exit).from),
          );
          expect(heard.toSorted((a, b) => a - b)).toEqual(
            peers(i)
              .filter((peer) => dead.has(peer))
              .toSorted((a, b) => a - b),
          );
          expect(pid.links?.size ?? 0).toBe(peers(i).filter((peer) => !dead.has(peer)).length);
        }
      }
    }
  });
});
