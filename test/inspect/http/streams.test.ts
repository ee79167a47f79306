import { EventEmitter } from 'node:events';
import type { ServerResponse } from 'node:http';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { childrenOf } from '../../../src/actor/tree.ts';
import { Streams } from '../../../src/inspect/http/streams.ts';
import type { InspectorSource, LogLine } from '../../../src/inspect/source.ts';
import { Watch } from '../../../src/inspect/watch.ts';
import type { Crash } from '../../../src/mesh/events/crash-ring.ts';
import type { GenServer } from '../../../src/otp/gen-server.ts';
import { startSupervisor, worker } from '../../../src/otp/supervisor.ts';
import { spawn, world as actorWorld } from '../../actor/world.ts';

const quiet: GenServer<void, number> = { label: 'quiet', init: () => 0 };

/** What an HTTP response is to a stream: takes what is written, and says when it has enough. */
class Reader extends EventEmitter {
  readonly written: string[] = [];
  status = 0;
  /** Writes that still fit. */
  room = Infinity;
  ended = false;

  get writableEnded(): boolean {
    return this.ended;
  }
  writeHead(status: number): void {
    this.status = status;
  }
  flushHeaders(): void {}
  write(text: string): boolean {
    this.written.push(text);
    if (this.ended) throw new Error('written after its end');
    if (!text.startsWith('event: ') || !text.endsWith('\n\n')) this.emit('piece');
    return --this.room > 0;
  }
  end(text?: string): void {
    if (text !== undefined) this.written.push(text);
    if (this.ended) return;
    this.ended = true;
    this.emit('close');
  }
  /** It has read all there was. */
  read(room = Infinity): void {
    this.room = room;
    this.emit('drain');
  }
  get events(): string[] {
    return this.written.map((text) => /^event: (\S+)/.exec(text)?.[1] ?? text.trim());
  }
  // oxlint-disable-next-line typescript/no-explicit-any
  of(event: string): any[] {
    return this.written
      .filter((text) => text.startsWith(`event: ${event}\n`))
      .map((text) => JSON.parse(text.slice(text.indexOf('data: ') + 6)) as unknown);
  }
}

async function scene(views: InspectorSource['views'] = {}, count = 3) {
  const world = actorWorld();
  const children = Array.from({ length: count }, (_, n) => worker(`w${n}`, quiet, undefined));
  const spec = { strategy: 'oneForOne', intensity: 1_000, period: 1, children } as const;
  const root = (await startSupervisor(world.runtime, spec)).pid as Process;
  const faults: unknown[] = [];
  const fault = (error: unknown): void => void faults.push(error);
  const watch = new Watch({ clock: world.clock, root: () => root, fault });
  const crashes = new Set<(crash: Crash) => void>();
  const logs = new Set<(line: LogLine) => void>();
  const listen =
    <T>(all: Set<(one: T) => void>) =>
    (tell: (one: T) => void) => {
      all.add(tell);
      return () => {
        all.delete(tell);
      };
    };
  const source = {
    facts: { node: 'x' },
    watch,
    views,
    onCrash: listen(crashes),
    onLog: listen(logs),
  } as unknown as InspectorSource;
  const streams = new Streams(source, { clock: world.clock, fault });
  onTestFinished(() => {
    streams.close();
    watch.close();
  });
  const open = (query = ''): Reader => {
    const reader = new Reader();
    streams.open(new URLSearchParams(query), reader as unknown as ServerResponse).catch(fault);
    return reader;
  };
  const poke = (): void => void world.runtime.send([...childrenOf(root)][0]!, 'hello');
  return { ...world, watch, streams, faults, crashes, logs, open, poke, root };
}

const crash = (id: number): Crash => ({ id: `${id}` }) as Crash;

describe('Streams', () => {
  test('the tree first, then what changes, each once', async () => {
    const { clock, open, poke } = await scene();
    const reader = open('interval=1000');
    await clock.settle();
    expect(reader.events).toEqual(['snapshot']);
    expect(reader.of('snapshot')).toMatchObject([
      { schema: 1, node: 'x', seq: expect.any(Number) as number },
    ]);
    poke();
    await clock.advance(5_000);
    expect(reader.events).toEqual(['snapshot', 'delta', 'delta']);
    const { seq } = reader.of('snapshot')[0];
    expect(reader.of('delta').map((delta) => delta.seq)).toEqual([seq + 1, seq + 2]);
  });

  test('a large tree comes in pieces, a turn for each, and nothing in between; who leaves meanwhile gets no more', async () => {
    const { clock, open, crashes, poke } = await scene({}, 1_800);
    let turns = 0;
    const [reader, leaver] = [open(), open()];
    reader.on('piece', () => {
      turns++;
      poke();
      for (const tell of crashes) tell(crash(turns));
      if (turns === 2) leaver.end();
    });
    await clock.settle();
    const pieces = reader.written.findIndex((text) => text.endsWith('\n\n')) + 1;
    expect(pieces).toBe(8);
    const [, json] = /^event: snapshot\ndata: (.*)\n\n$/.exec(reader.written.slice(0, pieces).join(''))!;
    expect((JSON.parse(json!) as { rows: object[] }).rows).toHaveLength(1_801);
    expect(new Set(reader.events.slice(pieces, pieces + 8))).toEqual(new Set(['crash']));
    expect(leaver.written.length).toBeLessThan(8);
    await clock.advance(1_000);
    expect(reader.of('delta')).toHaveLength(1);
  });

  test('a large delta comes in pieces too, with nothing in between', async () => {
    const { clock, open, crashes, runtime, root } = await scene();
    const reader = open('interval=1000');
    await clock.settle();
    const before = reader.written.length;
    for (let n = 0; n < 1_000; n++) spawn(runtime, undefined, { parent: root, linked: false });
    let turns = 0;
    reader.on('piece', () => {
      turns++;
      for (const tell of crashes) tell(crash(turns));
    });
    await clock.advance(1_000);
    const end = reader.written.findIndex((text, at) => at >= before && text.endsWith('\n\n')) + 1;
    expect(end - before).toBe(4);
    const [, json] = /^event: delta\ndata: (.*)\n\n$/.exec(reader.written.slice(before, end).join(''))!;
    expect((JSON.parse(json!) as { added: object[] }).added).toHaveLength(1_000);
    expect(reader.events.slice(end, end + 4)).toEqual(['crash', 'crash', 'crash', 'crash']);
    expect(reader.of('crash').map(({ id }) => id as string)).toEqual(['1', '2', '3', '4']);
  });

  test('a large tree waits for its reader, piece by piece, and so does what comes after it', async () => {
    const { clock, open, crashes, poke } = await scene({}, 1_800);
    const reader = open('interval=1000');
    reader.room = 1;
    let pieces = 1;
    for (; !reader.written.join('').includes('\n\n'); pieces++) {
      poke();
      for (const tell of crashes) tell(crash(pieces));
      await clock.advance(20_000);
      expect(reader.written).toHaveLength(pieces);
      reader.read(1);
      await clock.settle();
    }
    expect(pieces).toBeGreaterThan(3);
    expect(reader.written).toHaveLength(pieces);
    reader.read();
    await clock.settle();
    expect(reader.events.slice(pieces, pieces + 3)).toEqual(['delta', 'crash', 'crash']);
  });

  test('who leaves in the middle of a tree that waits is told no more', async () => {
    const { clock, open, faults } = await scene({}, 1_800);
    const reader = open();
    reader.room = 1;
    await clock.settle();
    reader.end();
    reader.read();
    await clock.advance(5_000);
    expect([reader.written.length, faults]).toEqual([1, []]);
  });

  test('what cannot be told as JSON is the trouble of who tells it, never of a reader that wakes up', async () => {
    const { clock, open, logs } = await scene();
    const reader = open('interval=60000');
    await clock.settle();
    reader.room = 1;
    for (const tell of logs) tell({ level: 'info', time: 1, event: 'x', msg: 'x', fields: {} });
    const odd = { level: 'info', time: 1, event: 'x', msg: 'x', fields: { n: 1n } };
    for (const tell of logs) expect(() => tell(odd)).toThrow(TypeError);
    expect(() => reader.read()).not.toThrow();
    for (const tell of logs) tell({ level: 'info', time: 2, event: 'x', msg: 'x', fields: {} });
    expect(reader.of('log')).toHaveLength(2);
  });

  test('while nobody watches nobody listens, and no timer is set', async () => {
    const { clock, open, crashes, logs } = await scene();
    const pending = clock.pending;
    const readers = [open(), open()];
    await clock.advance(20_000);
    expect([crashes.size, logs.size]).toEqual([1, 1]);
    readers[0]!.end();
    expect([crashes.size, logs.size]).toEqual([1, 1]);
    readers[1]!.end();
    await clock.settle();
    expect([crashes.size, logs.size, clock.pending]).toEqual([0, 0, pending]);
  });

  test('nine are one too many, and one that left makes room', async () => {
    const { clock, open } = await scene();
    const readers = Array.from({ length: 9 }, () => open());
    await clock.settle();
    expect(readers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 200, 200, 429]);
    readers[2]!.end();
    expect(open().status).toBe(200);
  });

  test('a crash is told at once, and what came of it soon', async () => {
    const { clock, open, crashes, runtime, root } = await scene();
    const reader = open('interval=60000');
    await clock.settle();
    runtime.exit([...childrenOf(root)][1]!, 'kill');
    for (const tell of crashes) tell(crash(1));
    expect(reader.of('crash')).toEqual([{ id: '1' }]);
    await clock.advance(200);
    expect(reader.of('delta')).toMatchObject([{ removed: [expect.any(String)] }]);
  });

  test('who does not read gets no more, and one delta for all it missed', async () => {
    const { clock, open, poke } = await scene();
    const reader = open('interval=1000');
    await clock.settle();
    reader.room = 1;
    for (let n = 0; n < 10; n++) {
      poke();
      await clock.advance(1_000);
    }
    expect(reader.events).toEqual(['snapshot', 'delta']);
    reader.read();
    expect(reader.events).toEqual(['snapshot', 'delta', 'delta']);
    const [first, all] = reader.of('delta');
    expect(all.seq).toBeGreaterThan(first.seq + 1);
    expect(all.changed).toHaveLength(1);
  });

  test('who does not read for long gets the tree again', async () => {
    const { clock, open, poke } = await scene();
    const reader = open('interval=1000');
    await clock.settle();
    reader.room = 1;
    for (let n = 0; n < 60; n++) {
      poke();
      await clock.advance(1_000);
    }
    reader.read();
    expect(reader.events).toEqual(['snapshot', 'delta', 'snapshot']);
  });

  test('of crashes and lines a hundred wait, then the oldest go, and it is told how many', async () => {
    const { clock, open, crashes, logs } = await scene();
    const reader = open('interval=60000');
    await clock.settle();
    reader.room = 1;
    for (const tell of crashes) for (let n = 0; n < 150; n++) tell(crash(n));
    for (const tell of logs) tell({ level: 'info', time: 1, event: 'x', msg: 'x', fields: {} });
    expect(reader.events).toEqual(['snapshot', 'crash']);
    reader.read();
    expect(reader.events.slice(2, 4)).toEqual(['lost', 'crash']);
    expect(reader.of('lost')).toEqual([{ lines: 50 }]);
    expect(reader.of('crash').at(-1)).toEqual({ id: '149' });
    expect(reader.of('log')).toHaveLength(1);
    expect(reader.written).toHaveLength(3 + 100);
  });

  test('shows between us that somebody is there, also when a view fails or never comes', async () => {
    let asked = 0;
    const { clock, open, faults } = await scene({
      broken: () => Promise.reject(new Error('not now')),
      never: () => {
        asked++;
        return new Promise(() => {});
      },
      good: () => Promise.resolve({ n: 1 }),
    });
    const reader = open('interval=60000&views=broken,never,good');
    await clock.advance(31_000);
    expect(reader.events.filter((event) => event === ': keep-alive')).toHaveLength(2);
    // one question at a time
    expect(asked).toBe(1);
    expect(faults.length).toBeGreaterThan(0);
    expect(reader.ended).toBe(false);
    expect(reader.of('view').length).toBeGreaterThan(25);
    expect(reader.of('view')[0]).toEqual({ name: 'good', at: expect.any(Number) as number, data: { n: 1 } });
  });

  test('views are shown to those who want them, each once a second, whoever comes and goes', async () => {
    let asked = 0;
    const { clock, open } = await scene({
      one: async () => {
        asked++;
        return 1;
      },
      two: () => Promise.resolve(2),
    });
    for (let n = 0; n < 20; n++) {
      const passing = open('views=one');
      await clock.settle();
      passing.end();
    }
    const pending = clock.pending;
    const [both, none, odd] = [open('views=one,two,one'), open(), open('views=,constructor,__proto__,two')];
    await clock.settle();
    asked = 0;
    await clock.advance(10_000);
    expect(asked).toBe(10);
    expect(new Set(both.of('view').map(({ name }) => name as string))).toEqual(new Set(['one', 'two']));
    expect(none.of('view')).toEqual([]);
    expect(new Set(odd.of('view').map(({ name }) => name as string))).toEqual(new Set(['two']));
    expect(clock.pending).toBe(pending + 2);
  });

  test('a view that changes faster than it is read is told as it is last', async () => {
    let n = 0;
    const { clock, open } = await scene({ one: () => Promise.resolve(++n) });
    const reader = open('interval=60000&views=one');
    await clock.settle();
    reader.room = 1;
    await clock.advance(10_000);
    const before = reader.of('view').length;
    reader.read(1);
    expect(reader.of('view')).toHaveLength(before + 1);
    expect(reader.of('view').at(-1).data).toBe(n);
  });

  test.each(['', 'interval=', 'interval=abc', 'interval=-5', 'interval=1e999', 'interval=NaN', 'views=%00'])(
    '%j is no trouble',
    async (query) => {
      const { clock, open, faults } = await scene();
      const reader = open(query);
      await clock.advance(1_000);
      expect([reader.status, reader.events[0], faults]).toEqual([200, 'snapshot', []]);
    },
  );

  test('closed, all of them are', async () => {
    const { clock, streams, open } = await scene();
    const pending = clock.pending;
    const readers = [open(), open()];
    await clock.settle();
    streams.close();
    await clock.settle();
    expect(readers.map(({ ended }) => ended)).toEqual([true, true]);
    expect(clock.pending).toBe(pending);
  });
});
