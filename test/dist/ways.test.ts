/** Carriers that take a name are tried in their order, the next one when the one before has failed or is slow; the first connection is kept. */
import { describe, expect, test } from 'vitest';
import type { Carrier, DistStream, DistStreamEvents, Setup, SetupResult } from '../../src/dist/carrier.ts';
import { setUp } from '../../src/dist/peer/ways.ts';
import { virtualClock } from '../../src/testing/virtual-clock.ts';

/** A carrier whose attempts a test ends. */
class Way {
  readonly log: string[];
  readonly carrier: Carrier;
  events: DistStreamEvents | undefined;
  #end: ((result: SetupResult | Error) => void) | undefined;
  readonly #name: string;

  constructor(name: string, log: string[]) {
    this.log = log;
    this.#name = name;
    this.carrier = {
      setup: ({ events, signal }: Setup) => {
        log.push(`${name} begins`);
        this.events = events;
        signal.addEventListener('abort', () => log.push(`${name} aborted`));
        return new Promise((resolve, reject) => {
          this.#end = (result) => (result instanceof Error ? reject(result) : resolve(result));
        });
      },
    } as unknown as Carrier;
  }

  connects(): void {
    const stream = { close: () => this.log.push(`${this.#name} closed`), name: this.#name };
    this.#end?.({ ok: true, stream: stream as unknown as DistStream });
  }

  fails(detail: string): void {
    this.#end?.({ ok: false, reason: 'connect_failed', detail });
  }

  throws(error: Error): void {
    this.#end?.(error);
  }
}

function staged(count: number) {
  const log: string[] = [];
  const clock = virtualClock();
  const controller = new AbortController();
  const ways = Array.from({ length: count }, (_, at) => new Way(String.fromCharCode(97 + at), log));
  const heard: string[] = [];
  const events: DistStreamEvents = {
    onData: (bytes) => heard.push(Buffer.from(bytes).toString()),
    onDrain: () => heard.push('drain'),
    onClosed: (reason) => heard.push(`closed: ${reason}`),
  };
  const setup: Setup = {
    node: 'x@y',
    timeout: 7_000,
    expectedId: undefined,
    signal: controller.signal,
    events,
  };
  let result: SetupResult | undefined;
  const carriers = ways.map(({ carrier }) => carrier);
  const setting = setUp(carriers, clock, setup);
  // it never rejects
  setting.then(
    (settled) => (result = settled),
    () => undefined,
  );
  const [a, b, c] = ways as [Way, Way, Way];
  return {
    log,
    clock,
    controller,
    heard,
    a,
    b,
    c,
    result: async () => {
      await clock.advance(0);
      return result;
    },
  };
}

const nameOf = (result: SetupResult | undefined): unknown =>
  result?.ok === true ? (result.stream as unknown as { name: string }).name : result;

describe('of several ways', () => {
  test('only the first is tried while it may get there soon', async () => {
    const { log, a, clock, result } = staged(3);
    await clock.advance(999);
    expect(log).toEqual(['a begins']);
    a.connects();
    expect(nameOf(await result())).toBe('a');
    await clock.advance(10_000);
    expect(log).toEqual(['a begins']);
    expect(clock.pending).toBe(0);
  });

  test('the next one begins at once when one has failed, and what the first says is told when all have', async () => {
    const { log, a, b, result } = staged(2);
    a.fails('no route');
    await result();
    expect(log).toEqual(['a begins', 'b begins']);
    b.throws(new Error('what is this'));
    expect(await result()).toEqual({ ok: false, reason: 'connect_failed', detail: 'no route' });
  });

  test('the next one begins too when one is slow; the first connection is kept, and the others are given up', async () => {
    const { log, b, clock, result } = staged(3);
    await clock.advance(1_000);
    expect(log).toEqual(['a begins', 'b begins']);
    b.connects();
    expect(nameOf(await result())).toBe('b');
    expect(log).toEqual(['a begins', 'b begins', 'a aborted']);
    await clock.advance(10_000);
    expect(log).toHaveLength(3);
  });

  test('a connection that comes too late is closed', async () => {
    const { log, a, b, clock, result } = staged(2);
    await clock.advance(1_000);
    b.connects();
    await result();
    a.connects();
    await result();
    expect(log.at(-1)).toBe('a closed');
    expect(nameOf(await result())).toBe('b');
  });

  test('what happens on a stream is told of the one that is kept alone, and none of it is lost', async () => {
    const { a, b, clock, heard, result } = staged(2);
    await clock.advance(1_000);
    a.events?.onData(Buffer.from('lost'));
    b.events?.onData(Buffer.from('early'));
    b.connects();
    await result();
    expect(heard).toEqual(['early']);
    a.events?.onClosed('gone');
    b.events?.onData(Buffer.from('late'));
    b.events?.onDrain();
    b.events?.onClosed('over');
    expect(heard).toEqual(['early', 'late', 'drain', 'closed: over']);
  });

  test('none goes on when nobody wants it any more', async () => {
    const { log, controller, a, clock, result } = staged(2);
    controller.abort();
    expect(log).toEqual(['a begins', 'a aborted']);
    a.fails('aborted');
    expect(await result()).toMatchObject({ ok: false });
    await clock.advance(10_000);
    expect(log).toEqual(['a begins', 'a aborted']);
  });
});

test('without a way there is no connection; the only one is asked as it is', async () => {
  const { result } = staged(0);
  expect(await result()).toMatchObject({ ok: false, reason: 'connect_failed' });
  const { a, heard, result: only } = staged(1);
  a.events?.onData(Buffer.from('straight'));
  expect(heard).toEqual(['straight']);
  a.connects();
  expect(nameOf(await only())).toBe('a');
});
