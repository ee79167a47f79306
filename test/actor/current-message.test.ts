/** What an actor handles just now, as strangers may see it. */
import { describe, expect, test } from 'vitest';
import { currentMessage } from '../../src/actor/current-message.ts';
import type { Process } from '../../src/actor/process.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, type NoReply } from '../../src/otp/result.ts';
import { Request, type ServerRef } from '../../src/otp/server-ref.ts';
import { gate } from '../mesh-world.ts';
import { spawn, world } from '../actor/world.ts';

const SECRET = 'canary-1d0f';

type Asks = Record<string, (given: string) => string>;

/** A server that waits for a gate whatever it is asked. */
async function waiting() {
  const given = world();
  const held = gate();
  const wait = (_given: unknown, state: null): Promise<NoReply<null>> =>
    held.promise.then(() => noReply(state));
  const server: GenServer<void, null, Asks, Asks> = {
    init: () => null,
    handleCall: { look: wait },
    handleCast: { put: wait },
    handleRequest: wait,
    handleInfo: wait,
  };
  const ref = (await startServer(given.runtime, server, undefined)) as ServerRef<Asks, Asks>;
  return { ...given, held, ref, process: ref.pid as Process };
}

describe('currentMessage', () => {
  test.each<[string, (ref: ServerRef<Asks, Asks>) => unknown]>([
    ['call look', (ref) => ref.call('look', SECRET).catch(() => undefined)],
    ['call look', (ref) => ref.call('look', SECRET, { timeout: 50 }).catch(() => undefined)],
    ['cast put', (ref) => ref.cast('put', SECRET)],
    ['info', (ref) => ref.send(SECRET)],
    ['info', (ref) => ref.send(undefined)],
    // a word of the caller, not of the code
    ['call', (ref) => ref.call(SECRET, SECRET).catch(() => undefined)],
    ['call', (ref) => ref.call('put', SECRET).catch(() => undefined)],
    ['call', (ref) => ref.call('constructor', SECRET).catch(() => undefined)],
  ])('is %s, and nothing of what is in it', async (type, ask) => {
    const { clock, ref, process, held } = await waiting();
    ask(ref);
    await clock.settle();
    expect(currentMessage(process)).toEqual({ type, forMs: 0 });
    held.open();
    await clock.settle();
    expect(currentMessage(process)).toBe(undefined);
  });

  test('is there from the turn in which its callback began, whether anybody looked or not, in two digits', async () => {
    const { clock, ref, process } = await waiting();
    await clock.advance(1_234);
    ref.send(1);
    await clock.settle();
    const told: unknown[] = [];
    for (const ms of [9, 90, 26, 9_000, 100_000, 3_600_000]) {
      await clock.advance(ms);
      told.push(currentMessage(process)?.forMs);
    }
    expect(told).toEqual([9, 99, 120, 9_100, 100_000, 3_700_000]);
  });

  test('is that which is awaited, not what waits behind it, and the next one when that comes', async () => {
    const { runtime, clock } = world();
    const gates = [gate(), gate()];
    let at = 0;
    const process = spawn(runtime, () => gates[at++]?.promise);
    runtime.cast(process, new Request('a', 1));
    runtime.send(process, 'b');
    await clock.settle();
    await clock.advance(50);
    expect(currentMessage(process)).toEqual({ type: 'cast', forMs: 50 });
    gates[0]!.open();
    await clock.settle();
    expect(currentMessage(process)).toEqual({ type: 'info', forMs: 0 });
  });

  test('nothing of it stays with one that is idle, has crashed or was killed', async () => {
    for (const end of ['open', 'fail', 'kill'] as const) {
      const { runtime, clock } = world();
      const held = gate();
      const process = spawn(runtime, async () => {
        await held.promise;
        if (end === 'fail') throw new Error('x');
      });
      runtime.send(process, SECRET);
      await clock.settle();
      expect(process.awaited).toBe(SECRET);
      if (end === 'kill') runtime.exit(process, 'kill');
      else held.open();
      await clock.settle();
      expect([process.awaited, process.awaitedKind, currentMessage(process)]).toEqual([
        undefined,
        undefined,
        undefined,
      ]);
    }
  });

  test('one that gives no promise handles nothing between two turns', async () => {
    const { runtime, clock } = world();
    const process = spawn(runtime);
    runtime.send(process, 1);
    await clock.settle();
    expect([currentMessage(process), process.handled]).toEqual([undefined, 1]);
  });

  test('costs no look at the clock: one more message that is awaited is none more', async () => {
    const readsOf = async (count: number): Promise<number> => {
      const given = world();
      let reads = 0;
      const { now } = given.clock;
      given.clock.now = () => {
        reads++;
        return now.call(given.clock);
      };
      const all = Array.from({ length: count }, () => spawn(given.runtime, () => Promise.resolve()));
      reads = 0;
      for (const each of all) given.runtime.send(each, 1);
      await given.clock.settle();
      expect(all.every(({ handled }) => handled === 1)).toBe(true);
      return reads;
    };
    expect(await readsOf(60)).toBe(await readsOf(10));
  });
});
