/**
 * The floor: each workload written by hand with nothing but what it needs. Nobody is faster with the same features
 * taken away.
 */
import type { Workloads } from './cases.ts';
import { ended } from './ended.ts';

/** An object with a queue, run by one loop. */
interface Cell {
  readonly queue: unknown[];
  at: number;
  ready: boolean;
  receive: (message: unknown, self: Cell) => void;
}

const ready: Cell[] = [];
let head = 0;
let draining = false;

const cell = (receive: Cell['receive']): Cell => ({ queue: [], at: 0, ready: false, receive });

function send(to: Cell, message: unknown): void {
  to.queue.push(message);
  if (to.ready) return;
  to.ready = true;
  ready.push(to);
  if (draining) return;
  draining = true;
  queueMicrotask(drain);
}

function drain(): void {
  while (head < ready.length) {
    const next = ready[head++]!;
    for (let left = 256; left > 0 && next.at < next.queue.length; left--)
      next.receive(next.queue[next.at++], next);
    if (next.at < next.queue.length) ready.push(next);
    else {
      next.queue.length = 0;
      next.at = 0;
      next.ready = false;
    }
    if (head > 4_096) {
      ready.copyWithin(0, head);
      ready.length -= head;
      head = 0;
    }
  }
  draining = false;
}

/** What a call needs at least: a promise, and a place in a list from which its timeout would find it. */
interface Entry {
  previous: Entry | null;
  next: Entry | null;
  resolve: (value: number) => void;
}

function server(): (n: number) => Promise<number> {
  let state = 0;
  let last: Entry | null = null;
  const target = cell((message) => {
    const entry = message as Entry;
    if (entry.previous !== null) entry.previous.next = entry.next;
    if (entry.next === null) last = entry.previous;
    else entry.next.previous = entry.previous;
    entry.resolve(++state);
  });
  return () =>
    new Promise((resolve) => {
      const entry: Entry = { previous: last, next: null, resolve };
      if (last !== null) last.next = entry;
      last = entry;
      send(target, entry);
    });
}

export const workloads: Workloads = {
  spawn: async (n) => {
    const kept: Cell[] = [];
    for (let made = 0; made < n; made++) kept[made % 1_000] = cell(() => undefined);
  },
  'ping-pong': async (n) => {
    const { done, finish } = ended();
    let left = 2 * n;
    const bounce = (message: unknown, self: Cell): void => {
      if (--left <= 0) finish();
      else send(message as Cell, self);
    };
    send(cell(bounce), cell(bounce));
    await done;
  },
  call: async (n) => {
    const call = server();
    for (let made = 0; made < n; made++) await call(1);
  },
  'call, 64 clients': async (n) => {
    const call = server();
    await Promise.all(
      Array.from({ length: 64 }, async () => {
        for (let made = 0; made < n / 64; made++) await call(1);
      }),
    );
  },
  'fan-in 100 to 1': async (n) => {
    const { done, finish } = ended();
    let left = n;
    const sink = cell(() => {
      if (--left === 0) finish();
    });
    for (let one = 0; one < 100; one++)
      send(
        cell(() => {
          for (let sent = 0; sent < n / 100; sent++) send(sink, 1);
        }),
        'go',
      );
    await done;
  },
  'ring of 1,000': async (n) => {
    const { done, finish } = ended();
    let left = n;
    const ring: Cell[] = Array.from({ length: 1_000 }, (_, at) =>
      cell(() => {
        if (--left <= 0) finish();
        else send(ring[(at + 1) % 1_000]!, 1);
      }),
    );
    send(ring[0]!, 1);
    await done;
  },
  'isolated call, eager': async (n) => {
    for (let made = 0; made < n; made++) await (async (x: number) => x + 1)(made);
  },
  'isolated call that throws': async (n) => {
    for (let made = 0; made < n; made++)
      try {
        await (async () => {
          throw new Error('handler');
        })();
      } catch {
        // counted
      }
  },
  'timer cancelled in its turn': async (n) => {
    for (let made = 0; made < n; made++) clearTimeout(setTimeout(() => undefined, 5_000));
  },
  'timer cancelled later': async (n) => {
    for (let batch = 0; batch < n / 1_000; batch++) {
      const timers = Array.from({ length: 1_000 }, (_, at) => setTimeout(() => undefined, 5_001 + at));
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
      for (const timer of timers) clearTimeout(timer);
    }
  },
  'bytes per idle actor': async (n) => {
    const kept = Array.from({ length: n }, () => cell(() => undefined));
    return () => {
      kept.length = 0;
    };
  },
};
