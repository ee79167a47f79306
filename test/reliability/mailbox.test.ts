/**
 * RELIABILITY §2, mailboxes: bounded, the sender is told, what is shed is counted, control passes data.
 */
import { describe, expect, test } from 'vitest';
import { urgentSignal } from '../../src/actor/delivery.ts';
import type { FullPolicy } from '../../src/actor/mailbox.ts';
import { Kind } from '../../src/actor/mailbox.ts';
import type { Process } from '../../src/actor/process.ts';
import { seededRandom, type Random } from '../../src/actor/random.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { ExitError } from '../../src/otp/errors.ts';
import { noReply, reply, startServer, type GenServer } from '../../src/otp.ts';
import { failure, same, spawn, world } from '../actor/world.ts';

/** A server that takes nothing before it is released, and then writes down what it gets. */
function gated(): {
  readonly server: GenServer<undefined, null, { ask(n: number): number }, { tell(n: number): void }>;
  readonly seen: number[];
  release(): void;
} {
  const seen: number[] = [];
  let release = (): void => undefined;
  const held = new Promise<void>((resolve) => (release = resolve));
  return {
    seen,
    release: () => release(),
    server: {
      init: () => null,
      handleCall: {
        ask: (n) => {
          seen.push(n);
          return reply(n, null);
        },
      },
      handleCast: {
        tell: (n) => {
          seen.push(n);
          return noReply(null);
        },
      },
      handleInfo: async (message) => {
        if (message === 'hold') await held;
        else seen.push(message as number);
        return noReply(null);
      },
    },
  };
}

test('1,000,000 sends of 10 senders to a blocked actor: 1,000 queued, 999,000 refused at once, FIFO afterwards', async () => {
  const { clock, runtime } = world();
  const { server, seen, release } = gated();
  const ref = await startServer(runtime, server, undefined);
  ref.send('hold');
  await clock.settle();
  const to = ref.pid as Process;
  const [accepted, refused] = [new Array<number>(10).fill(0), new Array<number>(10).fill(0)];
  for (let at = 0; at < 10; at++) {
    spawn(runtime, (_kind, message, self) => {
      // its turn is cut into pieces, so that the senders take turns
      const from = message as number;
      for (let n = from; n < from + 1_000; n++) {
        if (self.send(to, at * 100_000 + n)) accepted[at]!++;
        else refused[at]!++;
      }
      if (from + 1_000 < 100_000) self.send(self.pid, from + 1_000);
    }).send(runtime.lastChild!, 0);
  }
  await clock.settle();
  const sum = (list: readonly number[]): number => list.reduce((total, n) => total + n, 0);
  expect([sum(accepted), sum(refused), to.queued, to.dropped]).toEqual([1_000, 999_000, 1_000, 999_000]);
  release();
  await clock.settle();
  expect(seen).toHaveLength(1_000);
  for (let at = 0; at < 10; at++) {
    const own = seen.filter((n) => Math.floor(n / 100_000) === at);
    expect(own).toEqual(own.toSorted((a, b) => a - b));
    expect(own).toHaveLength(accepted[at]!);
  }
});

test('a full mailbox: send and cast return false and never throw, call rejects with overloaded mailbox', async () => {
  const { clock, runtime } = world();
  const { server, release } = gated();
  const ref = await startServer(runtime, server, undefined);
  ref.send('hold');
  await clock.settle();
  for (let n = 0; n < 1_000; n++) expect(ref.send(n)).toBe(true);
  expect([ref.send(0), ref.cast('tell', 0)]).toEqual([false, false]);
  const error = await failure(ref.call('ask', 0));
  expect(error).toBeInstanceOf(ExitError);
  expect((error as ExitError).reason).toEqual({ overloaded: 'mailbox' });
  release();
  await clock.settle();
  expect(await ref.call('ask', 7)).toBe(7);
});

describe('shedding policies', () => {
  /** What the rules say, as a list. */
  class Model {
    readonly queue: { readonly n: number; readonly kind: 'send' | 'cast' | 'call' | 'signal' }[] = [];
    readonly overloaded: number[] = [];
    dropped = 0;
    readonly #bound: number;
    readonly #policy: FullPolicy;
    constructor(bound: number, policy: FullPolicy) {
      this.#bound = bound;
      this.#policy = policy;
    }
    /** What `send` returns. */
    put(n: number, kind: 'send' | 'cast' | 'call'): boolean {
      if (this.queue.length < this.#bound) {
        this.queue.push({ n, kind });
        return true;
      }
      this.dropped++;
      if (this.#policy === 'reject') {
        if (kind === 'call') this.overloaded.push(n);
        return false;
      }
      const oldest = this.queue.findIndex((entry) => entry.kind !== 'signal');
      if (this.#policy === 'dropNewest' || oldest < 0) {
        if (kind === 'call') this.overloaded.push(n);
        return true;
      }
      const [shed] = this.queue.splice(oldest, 1);
      if (shed?.kind === 'call') this.overloaded.push(shed.n);
      this.queue.push({ n, kind });
      return true;
    }
  }

  async function sequence(random: Random): Promise<void> {
    const pick = (count: number): number => random.u32() % count;
    const { clock, runtime } = world();
    const policy = (['reject', 'dropNewest', 'dropOldest'] as const)[pick(3)]!;
    const bound = 1 + pick(12);
    const { server, seen, release } = gated();
    const ref = await startServer(runtime, { ...server, mailbox: { bound, full: policy } }, undefined);
    const process = ref.pid as Process;
    ref.send('hold');
    await clock.settle();
    const model = new Model(bound, policy);
    const overloaded: number[] = [];
    const answers: Promise<void>[] = [];
    let [sent, told] = [0, 0];
    for (let n = 0; n < 60; n++) {
      switch (pick(4)) {
        case 0:
          same(ref.send(n), model.put(n, 'send'));
          sent++;
          break;
        case 1:
          same(ref.cast('tell', n), model.put(n, 'cast'));
          sent++;
          break;
        case 2:
          model.put(n, 'call');
          sent++;
          answers.push(
            ref.call('ask', n, { timeout: Infinity }).then(
              () => undefined,
              () => void overloaded.push(n),
            ),
          );
          break;
        default:
          // a signal: never refused, and takes its place among the messages
          runtime.work(process, () => void told++);
          model.queue.push({ n, kind: 'signal' });
      }
      same(process.queued, model.queue.length);
      same(process.dropped, model.dropped);
    }
    const queued = model.queue.filter(({ kind }) => kind !== 'signal');
    release();
    await clock.settle();
    await Promise.all(answers);
    expect(seen).toEqual(queued.map(({ n }) => n));
    expect(overloaded.toSorted((a, b) => a - b)).toEqual(model.overloaded.toSorted((a, b) => a - b));
    // the counter: sent − delivered − queued, at any time
    same(process.dropped, sent - seen.length);
    same(told, model.queue.length - queued.length);
  }

  test('reject, drop-newest and drop-oldest do what a list does, over 1,000 random sequences', async () => {
    for (let seed = 0; seed < 1_000; seed++) {
      try {
        await sequence(seededRandom(`shed-${seed}`));
      } catch (error) {
        throw new Error(`seed shed-${seed}`, { cause: error });
      }
    }
  });

  test.each([
    [NaN, RangeError],
    [0, RangeError],
    [{ bound: 1.5 }, RangeError],
    [{ full: 'drop' }, TypeError],
  ])('a mailbox that makes no sense is refused at the start: %o', async (mailbox, kind) => {
    const { runtime } = world();
    const start = startServer(runtime, { init: () => null, mailbox: mailbox as number }, undefined);
    expect(await failure(start)).toBeInstanceOf(kind);
    expect(runtime.alive).toBe(0);
  });
});

describe('control traffic is not stuck behind data', () => {
  test.each(['kill', 'shutdown'])(
    '%s to an actor with 100,000 queued messages acts before the next of them',
    async (reason) => {
      const { clock, runtime } = world();
      let handled = 0;
      const parent = spawn(runtime, () => undefined, { trapExit: true });
      const pid = spawn(runtime, () => void handled++, { parent, trapExit: true });
      pid.bound = 100_000;
      pid.suspended = true;
      for (let n = 0; n < 100_000; n++) same(runtime.send(pid, n), true);
      await clock.settle();
      pid.suspended = false;
      runtime.exit(pid, reason, parent);
      await clock.settle();
      expect([pid.alive, handled]).toEqual([false, 0]);
    },
  );

  test('a system message comes before 100,000 queued ones', async () => {
    const { clock, runtime } = world();
    const order: string[] = [];
    const pid = spawn(runtime, (kind) => void order.push(kind === Kind.system ? 'system' : 'user'));
    pid.bound = 100_000;
    pid.suspended = true;
    for (let n = 0; n < 100_000; n++) runtime.send(pid, n);
    urgentSignal(pid, Kind.system, 'now');
    await clock.settle();
    pid.suspended = false;
    urgentSignal(pid, Kind.system, 'wake');
    await clock.settle();
    expect([order[0], order[1], order.length]).toEqual(['system', 'system', 100_002]);
  });
});

test('a runtime on the real clock is bounded too', () => {
  const runtime = new Runtime();
  const pid = spawn(runtime);
  pid.suspended = true;
  let refused = 0;
  for (let n = 0; n < 2_000; n++) if (!runtime.send(pid, n)) refused++;
  expect([pid.queued, refused]).toEqual([1_000, 1_000]);
  runtime.exit(pid, 'kill');
});
