import { afterEach, describe, expect, test, vi } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Process } from '../../src/actor/process.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { recorder, seededWorld, spawn, world } from './world.ts';

describe('the scheduler', () => {
  test('a process handles one message at a time: a promise parks it, the next message waits', async () => {
    const { runtime, clock } = world();
    const log: string[] = [];
    let open = (): void => {};
    const pid = spawn(runtime, (_, message) => {
      log.push(`begin ${String(message)}`);
      return new Promise<void>((resolve) => {
        open = () => {
          log.push(`end ${String(message)}`);
          resolve();
        };
      });
    });
    runtime.send(pid, 1);
    runtime.send(pid, 2);
    await clock.settle();
    expect(log).toEqual(['begin 1']);
    open();
    await clock.settle();
    expect(log).toEqual(['begin 1', 'end 1', 'begin 2']);
  });

  test('other processes go on while one is parked', async () => {
    const { runtime, clock } = world();
    const parked = spawn(runtime, () => new Promise<void>(() => {}));
    const { pid, inbox } = recorder(runtime);
    runtime.send(parked, 1);
    runtime.send(pid, 1);
    await clock.settle();
    expect(inbox.length).toBe(1);
  });

  test('a message sent while starting is handled from activate on', async () => {
    const { runtime, clock } = world();
    const seen: unknown[] = [];
    const pid = runtime.spawn({ type: 'Test', receive: (_, message) => void seen.push(message) });
    runtime.send(pid, 1);
    await clock.settle();
    expect(seen).toEqual([]);
    runtime.activate(pid);
    await clock.settle();
    expect(seen).toEqual([1]);
  });

  test('a process gives way after its slice, so that another one is not starved', async () => {
    const { runtime, clock } = world({ budget: { slice: 4, messages: 1_000, milliseconds: Infinity } });
    const order: string[] = [];
    const make = (name: string): Process => spawn(runtime, () => void order.push(name));
    const [a, b] = [make('a'), make('b')];
    for (let i = 0; i < 8; i++) runtime.send(a, i);
    runtime.send(b, 0);
    await clock.settle();
    expect(order.join('')).toBe('aaaabaaaa');
  });

  test('the drain gives way to the event loop after its budget of messages', async () => {
    const { runtime, clock } = world({ budget: { slice: 10, messages: 10, milliseconds: Infinity } });
    const { pid, inbox } = recorder(runtime);
    for (let i = 0; i < 35; i++) runtime.send(pid, i);
    await new Promise<void>((resolve) => {
      systemClock.soon(resolve);
    });
    expect(inbox.length).toBe(10);
    await clock.settle();
    expect(inbox.length).toBe(35);
    expect(runtime.scheduler.yields).toBe(3);
  });

  test('per pair the order holds under any seed', async () => {
    for (let seed = 0; seed < 200; seed++) {
      const { runtime, clock } = seededWorld(seed);
      const seen: [sender: number, at: number][] = [];
      const sink = spawn(runtime, (_, message) => void seen.push(message as [number, number]));
      const hop = spawn(runtime, (_, message, self) => void self.send(sink, message));
      for (let sender = 0; sender < 5; sender++) {
        const pid = spawn(
          runtime,
          (_, at, self) => void self.send(sender % 2 === 0 ? sink : hop, [sender, at]),
        );
        for (let at = 0; at < 10; at++) runtime.send(pid, at);
      }
      await clock.settle();
      expect(seen.length).toBe(50);
      for (let sender = 0; sender < 5; sender++) {
        expect(seen.filter(([from]) => from === sender).map(([, at]) => at)).toEqual([
          0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
        ]);
      }
    }
  });

  test('the same seed gives the same interleaving, others give others', async () => {
    const run = async (seed: number): Promise<string> => {
      const { runtime, clock } = seededWorld(seed);
      const order: number[] = [];
      for (let i = 0; i < 10; i++) {
        const pid = spawn(runtime, () => void order.push(i));
        runtime.send(pid, 1);
        runtime.send(pid, 2);
      }
      await clock.settle();
      return order.join();
    };
    expect(await run(7)).toBe(await run(7));
    const orders = new Set<string>();
    for (let seed = 0; seed < 10; seed++) orders.add(await run(seed));
    expect(orders.size).toBeGreaterThan(5);
  });

  test('work runs in the turn of its process, in order with messages, and a throw crashes it', async () => {
    const { runtime, clock } = world();
    const log: unknown[] = [];
    const pid = spawn(runtime, (_, message) => void log.push(message));
    runtime.send(pid, 'before');
    runtime.work(pid, (self) => {
      log.push(self === pid && runtime.scheduler.current === pid);
    });
    runtime.send(pid, 'after');
    runtime.work(pid, () => {
      throw new Error('work');
    });
    runtime.send(pid, 'never');
    await clock.settle();
    expect(log).toEqual(['before', true, 'after']);
    expect(String(pid.reason)).toBe('Error: work');
  });
});

describe('on the real clock', () => {
  let stop = (): void => {};
  afterEach(() => {
    stop();
  });

  test('a 1 ms interval keeps firing while two processes ping-pong for ever', async () => {
    const runtime = new Runtime({ logger: silentLogger });
    let rounds = 0;
    const player = (): Process =>
      spawn(runtime, (_, peer, self) => {
        rounds++;
        self.send(peer as Process, self);
      });
    const [a, b] = [player(), player()];
    runtime.send(a, b);
    let ticks = 0;
    await new Promise<void>((resolve) => {
      const interval = setInterval(() => {
        if (++ticks === 20) resolve();
      }, 1);
      stop = () => {
        clearInterval(interval);
        runtime.exit(a, 'kill');
        runtime.exit(b, 'kill');
      };
    });
    expect(ticks).toBe(20);
    expect(rounds).toBeGreaterThan(1_000);
  });

  test('slow synchronous handlers give way after the time budget, within one slice too', async () => {
    let now = 0;
    const later: (() => void)[] = [];
    const clock = { ...systemClock, now: () => now, later: (run: () => void) => void later.push(run) };
    const runtime = new Runtime({ clock, logger: silentLogger });
    let handled = 0;
    const pid = spawn(runtime, () => {
      handled++;
      now += 1;
    });
    for (let i = 0; i < 200; i++) runtime.send(pid, i);
    await new Promise<void>((resolve) => {
      systemClock.soon(resolve);
    });
    expect(handled).toBeLessThanOrEqual(32);
    expect(runtime.scheduler.yields).toBe(1);
    while (later.length > 0) later.shift()?.();
    expect(handled).toBe(200);
  });

  test('something that throws inside the drain does not stop the others', async () => {
    const uncaught = vi.fn();
    const clock = {
      ...systemClock,
      soon: (run: () => void) => {
        systemClock.soon(() => {
          try {
            run();
          } catch (error) {
            uncaught(error);
          }
        });
      },
    };
    const runtime = new Runtime({ clock, logger: silentLogger });
    const evil = spawn(runtime);
    Object.defineProperty(evil, 'behavior', {
      get: () => {
        throw new Error('a defect');
      },
    });
    const { pid, inbox } = recorder(runtime);
    runtime.send(evil, 1);
    runtime.send(pid, 1);
    await new Promise<void>((resolve) => {
      systemClock.later(() => {
        systemClock.later(resolve);
      });
    });
    expect(uncaught).toHaveBeenCalledOnce();
    expect(inbox.length).toBe(1);
  });
});
