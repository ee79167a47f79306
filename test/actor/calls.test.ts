import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Call, PromiseCall, type CallFailure } from '../../src/actor/call.ts';
import { exit } from '../../src/actor/exit-reason.ts';
import { Kind } from '../../src/actor/mailbox.ts';
import type { Process } from '../../src/actor/process.ts';
import { seededWorld, spawn, world, type World } from './world.ts';

/** A call that keeps how it ended, every time. */
class Probe extends Call {
  readonly request: unknown;
  readonly ends: unknown[] = [];
  abandoned: Process | undefined;
  constructor(request: unknown) {
    super();
    this.request = request;
  }
  protected override onReply(value: unknown): void {
    this.ends.push({ reply: value });
  }
  protected override onFailure(failure: CallFailure): void {
    this.ends.push(failure.tag === 'exit' ? { exit: failure.reason } : failure.tag);
  }
  protected override onAbandoned(holder: Process): void {
    this.abandoned = holder;
  }
}

const ask = ({ runtime }: World, to: Process, request: unknown, timeout = Infinity): Probe => {
  const call = new Probe(request);
  runtime.call(to, call, timeout);
  return call;
};

describe('a call', () => {
  test('ends with the reply, and its timer is gone', async () => {
    const all = world();
    const server = spawn(all.runtime, (_, call) => void (call as Call).reply((call as Call).request));
    const call = ask(all, server, 7, 100);
    expect(all.runtime.timers.size).toBe(1);
    await all.clock.settle();
    expect(call.ends).toEqual([{ reply: 7 }]);
    expect(all.runtime.timers.size).toBe(0);
    expect(server.calls).toBeNull();
  });

  test('to a dead process ends with noproc at once', () => {
    const all = world();
    const server = spawn(all.runtime);
    all.runtime.exit(server, 'kill');
    expect(ask(all, server, 1, 100).ends).toEqual([{ exit: 'noproc' }]);
    expect(all.runtime.timers.size).toBe(0);
  });

  test('to a full mailbox is overloaded at once, and counted', () => {
    const all = world();
    const server = spawn(all.runtime);
    server.bound = 1;
    ask(all, server, 1);
    expect(ask(all, server, 2, 100).ends).toEqual(['overloaded']);
    expect(server.dropped).toBe(1);
    expect(all.runtime.timers.size).toBe(0);
  });

  test('ends with timeout after exactly its time; the late reply is ignored', async () => {
    const all = world();
    let held: Call | undefined;
    const server = spawn(all.runtime, (_, call) => void (held = call as Call));
    const call = ask(all, server, 1, 100);
    await all.clock.advance(99);
    expect(call.ends).toEqual([]);
    await all.clock.advance(1);
    expect(call.ends).toEqual(['timeout']);
    expect(call.abandoned).toBe(server);
    expect(held?.reply('late')).toBe(false);
    expect(call.ends).toEqual(['timeout']);
  });

  test('ends with the reason the server dies of: handled, queued and moved alike', async () => {
    const all = world();
    const other = spawn(all.runtime);
    const server = spawn(all.runtime, (_, message) => {
      const call = message as Call;
      if (call.request === 'move') call.moveTo(other);
      if (call.request === 'die') exit('gone');
    });
    const calls = ['hold', 'move', 'die', 'queued'].map((request) => ask(all, server, request));
    await all.clock.settle();
    const gone = { exit: 'gone' };
    expect(calls.map((call) => call.ends)).toEqual([[gone], [], [gone], [gone]]);
    all.runtime.exit(other, 'later');
    expect(calls[1]?.ends).toEqual([{ exit: 'later' }]);
  });

  test('ends when the caller gives up; the server may still handle it, for nothing', async () => {
    const all = world();
    let handled = 0;
    const server = spawn(all.runtime, (_, call) => {
      handled++;
      expect((call as Call).reply(1)).toBe(false);
    });
    const call = ask(all, server, 1);
    expect(call.cancel('enough')).toBe(true);
    expect(call.cancel('twice')).toBe(false);
    await all.clock.settle();
    expect(call.ends).toEqual(['canceled']);
    expect(handled).toBe(1);
  });

  test('moved to a dead process it ends with noproc; once settled nobody holds it', () => {
    const all = world();
    const [server, other] = [spawn(all.runtime), spawn(all.runtime)];
    const call = ask(all, server, 1);
    all.runtime.exit(other, 'kill');
    call.moveTo(other);
    expect(call.ends).toEqual([{ exit: 'noproc' }]);
    call.moveTo(server);
    all.runtime.call(server, call, 100);
    expect(server.calls).toBeNull();
    expect([server.queued, all.runtime.timers.size]).toEqual([1, 0]);
  });

  test('a process that ends orderly fails what it owes', async () => {
    const all = world();
    const server = spawn(all.runtime, () => exit('normal'));
    const call = ask(all, server, 1);
    await all.clock.settle();
    expect(call.ends).toEqual([{ exit: 'normal' }]);
  });

  test('settles exactly once, whatever happens to it and in which order', async () => {
    const event = fc.constantFrom(
      'reply' as const,
      'fail' as const,
      'cancel' as const,
      'time' as const,
      'kill' as const,
      'move' as const,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { maxLength: 6, size: 'max' }), fc.nat(), async (events, seed) => {
        const all = seededWorld(seed);
        const [server, other] = [spawn(all.runtime), spawn(all.runtime)];
        const call = ask(all, server, 1, 5);
        for (const each of events) {
          if (each === 'reply') call.reply(1);
          else if (each === 'fail') call.fail({ tag: 'exit', reason: 'no', holder: null });
          else if (each === 'cancel') call.cancel('no');
          else if (each === 'kill') all.runtime.exit(call.holder ?? server, 'kill');
          else if (each === 'move' && !call.settled) call.moveTo(other);
          else if (each === 'time') await all.clock.advance(5);
        }
        await all.clock.advance(5);
        expect(call.ends.length).toBe(1);
        expect([server.calls, other.calls]).toEqual([null, null]);
        expect(all.runtime.timers.size).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  describe('that is detached', () => {
    test('does not end with who held it; its deadline, a cancellation or an answer ends it', async () => {
      for (const [end, expected] of [
        [(call: Probe) => void call.reply(7), { reply: 7 }],
        [(call: Probe) => void call.cancel('why'), 'canceled'],
        [(call: Probe) => call.fail({ tag: 'overloaded', bound: 'x' }), 'overloaded'],
        [(_call: Probe, all: World) => all.clock.advance(100), 'timeout'],
      ] as const) {
        const all = world();
        const server = spawn(all.runtime);
        const call = ask(all, server, 1, 100);
        call.detach();
        all.runtime.exit(server, 'kill');
        await all.clock.settle();
        expect([call.ends, call.holder, server.calls]).toEqual([[], null, null]);
        await end(call, all);
        expect(call.ends).toEqual([expected]);
        expect(all.runtime.timers.size).toBe(0);
      }
    });

    test('tells who gave it up that nobody holds it', () => {
      const all = world();
      const call = ask(all, spawn(all.runtime), 1);
      let told: Process | null | undefined;
      Object.assign(call, { onAbandoned: (holder: Process | null) => (told = holder) });
      call.detach();
      call.detach();
      call.cancel('why');
      expect(told).toBe(null);
    });

    test('may be held again', () => {
      const all = world();
      const server = spawn(all.runtime);
      const call = ask(all, server, 1);
      call.detach();
      call.moveTo(server);
      all.runtime.exit(server, 'kill');
      expect(call.ends).toEqual([{ exit: 'killed' }]);
    });
  });

  test('500,000 queued messages at the caller do not slow its calls', async () => {
    const all = world();
    const server = spawn(all.runtime, (kind, call) => {
      if (kind === Kind.call) (call as Call).reply(1);
    });
    const client = spawn(all.runtime, () => new Promise<void>(() => {}));
    client.bound = Infinity;
    for (let i = 0; i < 500_000; i++) all.runtime.send(client, i);
    await all.clock.settle();
    // a reply is no mailbox message: it never waits behind these
    const value = await new Promise((resolve, reject) => {
      all.runtime.call(server, new PromiseCall(1, resolve, reject), 100);
    });
    expect(value).toBe(1);
    expect(client.queued).toBe(499_999);
  });
});
