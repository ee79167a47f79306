/** A connection by whichever carrier gets one first: carriers that do what a test says, under a virtual clock. */
import { describe, expect, test } from 'vitest';
import type { Carrier, DistStream, DistStreamEvents, Setup, SetupResult } from '../../src/dist/carrier.ts';
import { setUp } from '../../src/dist/peer/ways.ts';
import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.ts';

interface Way {
  readonly carrier: Carrier;
  setup: Setup | undefined;
  closed: boolean;
  succeed(): void;
  fail(detail: string): void;
}

interface Stage {
  readonly clock: VirtualClock;
  readonly ways: readonly Way[];
  readonly controller: AbortController;
  readonly told: string[];
  readonly result: Promise<SetupResult>;
  settled: SetupResult | undefined;
}

function way(begin?: (setup: Setup) => Promise<SetupResult>): Way {
  let settle: (result: SetupResult) => void = () => {};
  const one: Way = {
    setup: undefined,
    closed: false,
    carrier: {
      setup: (setup: Setup) => {
        one.setup = setup;
        return (
          begin?.(setup) ??
          new Promise((resolve) => {
            settle = resolve;
          })
        );
      },
    } as unknown as Carrier,
    succeed: () =>
      settle({ ok: true, stream: { close: () => (one.closed = true) } as unknown as DistStream }),
    fail: (detail) => settle({ ok: false, reason: 'connect_failed', detail }),
  };
  return one;
}

function staged(ways: readonly Way[], controller = new AbortController()): Stage {
  const clock = virtualClock();
  const told: string[] = [];
  const events: DistStreamEvents = {
    onData: (bytes) => told.push(Buffer.from(bytes).toString()),
    onDrain: () => told.push('drain'),
    onClosed: (reason) => told.push(`closed ${reason}`),
  };
  const { signal } = controller;
  const setup = { node: 'b@two', timeout: 7_000, expectedId: undefined, signal, events };
  const result = setUp(
    ways.map(({ carrier }) => carrier),
    clock,
    setup,
  );
  const stage: Stage = { clock, ways, controller, told, result, settled: undefined };
  result.then(
    (settled) => (stage.settled = settled),
    (error: unknown) => told.push(`rejected ${String(error)}`),
  );
  return stage;
}

const events = ({ setup }: Way): DistStreamEvents => (setup as Setup).events;
const began = (ways: readonly Way[]): readonly boolean[] => ways.map(({ setup }) => setup !== undefined);

describe('the next one', () => {
  test('begins when the one before has failed, or after a second', async () => {
    const ways = [way(), way(), way()] as const;
    const { clock } = staged(ways);
    expect(began(ways)).toEqual([true, false, false]);
    ways[0].fail('no');
    await clock.settle();
    expect(began(ways)).toEqual([true, true, false]);
    await clock.advance(999);
    expect(began(ways)).toEqual([true, true, false]);
    await clock.advance(1);
    expect(began(ways)).toEqual([true, true, true]);
    expect(clock.pending).toBeLessThanOrEqual(1);
  });

  test('does not begin when there is a connection, or nobody wants one', async () => {
    const ways = [way(), way()] as const;
    const stage = staged(ways);
    ways[0].succeed();
    await stage.clock.advance(5_000);
    expect([began(ways), stage.settled?.ok]).toEqual([[true, false], true]);
    const others = [way(), way()] as const;
    const given = staged(others);
    given.controller.abort();
    await given.clock.advance(5_000);
    expect(began(others)).toEqual([true, false]);
    expect(others[0].setup?.signal.aborted).toBe(true);
    others[0].fail('aborted');
    await given.clock.settle();
    expect([given.settled, given.clock.pending]).toMatchObject([{ ok: false, detail: 'aborted' }, 0]);
  });
});

describe('who comes first', () => {
  test('has it: what came before goes first, and the other one is told to give up, and closed', async () => {
    const ways = [way(), way()] as const;
    const { clock, told, settled, ...stage } = staged(ways);
    await clock.advance(1_000);
    events(ways[0]).onData(Buffer.from('loser'));
    events(ways[1]).onData(Buffer.from('one'));
    events(ways[1]).onData(Buffer.from('two'));
    ways[1].succeed();
    expect([told, settled]).toEqual([[], undefined]);
    expect((await stage.result).ok).toBe(true);
    events(ways[1]).onData(Buffer.from('three'));
    events(ways[0]).onClosed('nobody hears that');
    expect(told).toEqual(['one', 'two', 'three']);
    expect([ways[0].setup?.signal.aborted, ways[1].setup?.signal.aborted]).toEqual([true, false]);
    ways[0].succeed();
    await clock.settle();
    expect([ways[0].closed, ways[1].closed, clock.pending]).toEqual([true, false, 0]);
  });

  test('and is closed at once has had it: that is told behind its bytes', async () => {
    const ways = [way(), way()] as const;
    const { told, result } = staged(ways);
    events(ways[0]).onData(Buffer.from('bytes'));
    events(ways[0]).onClosed('gone');
    ways[0].succeed();
    await result;
    expect(told).toEqual(['bytes', 'closed gone']);
  });
});

describe('nobody', () => {
  test('comes: the first way says why', async () => {
    const ways = [way(), way()] as const;
    const stage = staged(ways);
    await stage.clock.advance(1_000);
    ways[1].fail('second');
    await stage.clock.settle();
    expect(stage.settled).toBeUndefined();
    ways[0].fail('first');
    expect(await stage.result).toMatchObject({ ok: false, detail: 'first' });
    expect(stage.clock.pending).toBe(0);
  });

  test('takes the name', async () => {
    expect(await staged([]).result).toMatchObject({ ok: false, reason: 'connect_failed' });
  });

  test('wants it from the beginning: nothing is begun', async () => {
    const controller = new AbortController();
    controller.abort();
    const ways = [way(), way()] as const;
    const stage = staged(ways, controller);
    await stage.clock.settle();
    expect([began(ways), stage.settled?.ok, stage.clock.pending]).toEqual([[false, false], false, 0]);
  });
});

test('a carrier that throws, or rejects, has failed', async () => {
  const throwing = (): never => {
    throw new Error('no');
  };
  const rejecting = (): Promise<never> => Promise.reject(new Error('no'));
  for (const begin of [throwing, rejecting]) {
    const alone = staged([way(begin)]);
    await alone.clock.settle();
    expect([alone.settled, alone.told]).toMatchObject([{ ok: false, detail: 'Error: no' }, []]);
    const ways = [way(), way(begin), way()] as const;
    const stage = staged(ways);
    await stage.clock.advance(1_000);
    expect(began(ways)).toEqual([true, true, true]);
    ways[2].succeed();
    expect((await stage.result).ok).toBe(true);
  }
});
