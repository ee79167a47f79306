import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { noReply, reply, ServerRef, startServer, type From, type GenServer } from '../../src/otp.ts';
import {
  Answered,
  checkResponse,
  PendingRequest,
  receiveResponse,
  RequestCollection,
  sendRequest,
  waitResponse,
  type Response,
} from '../../src/otp/requests.ts';
import { recorder, world } from '../actor/world.ts';

interface Calls {
  echo(value: string): string;
  hold(): number;
}

async function begin() {
  const from = world();
  const held: From[] = [];
  const server: GenServer<undefined, null, Calls> = {
    init: () => null,
    handleCall: {
      echo: (value, state) => reply(value, state),
      hold: (_, state, _self, from) => (held.push(from), noReply(state)),
    },
  };
  const ref = await startServer(from.runtime, server, undefined);
  return { ...from, ref, held };
}

describe('sendRequest', () => {
  test('is sent at once, in order with calls and casts of the same sender', async () => {
    const { ref } = await begin();
    const request = sendRequest(ref, 'echo', 'first');
    expect([await ref.call('echo', 'second'), request.response]).toEqual([
      'second',
      { tag: 'reply', value: 'first' },
    ]);
    const typed: Response<string> | 'timeout' = await waitResponse(request);
    expect(typed).toEqual({ tag: 'reply', value: 'first' });
  });

  test('a full mailbox is an answer', async () => {
    const { ref, runtime } = await begin();
    const { pid } = recorder(runtime);
    pid.bound = 1;
    runtime.send(pid, 'fills it');
    const request = sendRequest(new ServerRef<Calls>(runtime, pid), 'hold');
    expect(await waitResponse(request, 0)).toEqual({ tag: 'error', reason: { overloaded: 'mailbox' } });
    expect(await waitResponse(sendRequest(ref, 'echo', 'x'), 1)).toMatchObject({ value: 'x' });
  });

  test('to oneself fails at once', async () => {
    const { runtime } = await begin();
    const seen: unknown[] = [];
    const server: GenServer<undefined, null, Calls> = {
      init: (_, self) => {
        seen.push(sendRequest(new ServerRef<Calls>(self.runtime, self.pid), 'hold').response);
        return null;
      },
    };
    await startServer(runtime, server, undefined);
    expect(seen).toEqual([{ tag: 'error', reason: 'calling_self' }]);
  });

  test('with `to`, the answer comes as one message past the bound; none for a dead receiver', async () => {
    const { ref, runtime, clock } = await begin();
    const { pid, inbox } = recorder(runtime);
    pid.bound = 1;
    pid.suspended = true;
    const requests = ['a', 'b', 'c'].map((value) => sendRequest(ref, 'echo', value, { to: pid }));
    await clock.settle();
    expect([pid.queued, pid.dropped]).toEqual([3, 0]);
    pid.suspended = false;
    runtime.work(pid, () => undefined);
    await clock.settle();
    const messages = inbox.map(({ message }) => message);
    expect(messages.map((message) => (message as Answered).request)).toEqual(requests);
    const [first, second] = requests as [(typeof requests)[0], (typeof requests)[0]];
    expect(checkResponse(messages[0], first)).toEqual({ tag: 'reply', value: 'a' });
    expect(checkResponse(messages[0], second)).toBe('no_reply');
    runtime.exit(pid, 'kill');
    const after = sendRequest(ref, 'echo', 'd', { to: pid });
    expect([await waitResponse(after), pid.queued]).toEqual([{ tag: 'reply', value: 'd' }, 0]);
  });
});

describe('waitResponse and receiveResponse', () => {
  test('an answer that is there is taken, however short the time', async () => {
    const { ref, clock } = await begin();
    const request = sendRequest(ref, 'echo', 'x');
    await clock.settle();
    expect(await receiveResponse(request, 0)).toEqual({ tag: 'reply', value: 'x' });
    expect(await waitResponse(request, { until: clock.now() - 1 })).toEqual({ tag: 'reply', value: 'x' });
  });

  test('without any time, an answer that needs none is taken too', async () => {
    const { ref, clock } = await begin();
    const reply = { tag: 'reply', value: 'x' };
    for (const none of [0, { until: clock.now() }]) {
      expect(await waitResponse(sendRequest(ref, 'echo', 'x'), none)).toEqual(reply);
      expect(await receiveResponse(sendRequest(ref, 'hold'), none)).toBe('timeout');
      const all = new RequestCollection()
        .add(sendRequest(ref, 'echo', 'x'), 1)
        .add(sendRequest(ref, 'hold'), 2);
      expect([await all.wait(none), await all.wait(none)]).toMatchObject([{ response: reply }, 'timeout']);
    }
  });

  test('several may wait for one answer; no timer is left behind', async () => {
    const { ref, clock, held } = await begin();
    const request = sendRequest(ref, 'hold');
    const waiting = Promise.all([waitResponse(request), waitResponse(request, 1_000)]);
    await clock.advance(10);
    held[0]?.reply(7);
    expect(await waiting).toEqual([
      { tag: 'reply', value: 7 },
      { tag: 'reply', value: 7 },
    ]);
    expect(ref.runtime.timers.size).toBe(0);
  });

  test('an abandoned request: its late answer is dropped and comes as no message', async () => {
    const { ref, runtime, clock, held } = await begin();
    const { pid, inbox } = recorder(runtime);
    const request = sendRequest(ref, 'hold', undefined, { to: pid });
    const given = receiveResponse(request, 50);
    await clock.advance(50);
    expect([await given, held[0]?.reply(1)]).toEqual(['timeout', false]);
    await clock.settle();
    expect([inbox, request.response]).toEqual([[], undefined]);
  });

  test('a time that is none is refused', async () => {
    const { ref } = await begin();
    const request = sendRequest(ref, 'hold');
    const times = [-1, Number.NaN, 'soon', null, {}, { until: Number.NaN }, { until: 'soon' }];
    for (const time of times) {
      await expect(waitResponse(request, time as number)).rejects.toBeInstanceOf(RangeError);
      for (const all of [new RequestCollection(), new RequestCollection().add(request, 1)])
        await expect(all.wait(time as number)).rejects.toBeInstanceOf(RangeError);
    }
    expect(request.settled).toBe(false);
    request.abandon();
    await expect(waitResponse(request, Number.NaN)).rejects.toBeInstanceOf(RangeError);
  });

  test('who waits for a request that was given up is told so at once, also when it is given up meanwhile', async () => {
    const { ref, clock } = await begin();
    const request = sendRequest(ref, 'hold');
    const patient = Promise.all([waitResponse(request), receiveResponse(request, 1_000)]);
    const given = receiveResponse(request, 50);
    await clock.advance(50);
    const abandoned = { tag: 'error', reason: 'abandoned' };
    expect([await given, await patient]).toEqual(['timeout', [abandoned, abandoned]]);
    for (const time of [Infinity, 1_000, 0, { until: clock.now() - 1 }])
      expect([await waitResponse(request, time), await receiveResponse(request, time)]).toEqual([
        abandoned,
        abandoned,
      ]);
    expect([request.abandoned, ref.runtime.timers.size]).toEqual([true, 0]);
  });

  test('an argument that is none is named', async () => {
    const { ref, runtime } = await begin();
    const none = undefined as never;
    for (const bad of [undefined, null, {}, runtime] as unknown[])
      expect(() => sendRequest(bad as typeof ref, 'hold')).toThrow(/^ref must/);
    for (const to of [5, null, {}, ref])
      expect(() => sendRequest(ref, 'hold', undefined, { to: to as never })).toThrow(/^to must/);
    for (const bad of [none, null as never, {} as never, Promise.resolve() as never]) {
      await expect(waitResponse(bad)).rejects.toThrow(/^request must/);
      await expect(receiveResponse(bad)).rejects.toThrow(/^request must/);
      expect(() => new RequestCollection().add(bad, 1)).toThrow(/^request must/);
    }
  });
});

describe('RequestCollection', () => {
  test('answers that were there before they were added are given, in the order of adding', async () => {
    const { ref, clock } = await begin();
    const [a, b] = [sendRequest(ref, 'echo', 'a'), sendRequest(ref, 'echo', 'b')];
    await clock.settle();
    const all = new RequestCollection<number, string>().add(b, 2).add(a, 1);
    expect([await all.receive(0), await all.receive(0)]).toMatchObject([{ label: 2 }, { label: 1 }]);
  });

  test('when all that stayed have been given there is nothing to wait for', async () => {
    const { ref } = await begin();
    const all = new RequestCollection<number, string>().add(sendRequest(ref, 'echo', 'a'), 1);
    expect(await all.wait(1_000, { delete: false })).toMatchObject({ label: 1 });
    expect([await all.wait(), all.size]).toEqual(['no_request', 1]);
  });

  test('each answer goes to one reader; the other waits on, until its own time is up', async () => {
    const { ref, clock, held } = await begin();
    const all = new RequestCollection<string>();
    for (const label of ['a', 'b', 'c']) all.add(sendRequest(ref, 'hold'), label);
    const ends: unknown[] = [];
    const read = async (patience: number): Promise<void> => {
      const next = await all.wait(patience);
      ends.push([typeof next === 'object' ? next.label : next, clock.now()]);
    };
    const start = clock.now();
    const readers = Promise.all([read(200), read(200), read(100)]);
    await clock.advance(10);
    held[1]?.reply(1);
    await clock.advance(140);
    held[2]?.reply(2);
    await clock.advance(50);
    await readers;
    expect(ends).toEqual([
      ['b', start + 10],
      ['timeout', start + 100],
      ['c', start + 150],
    ]);
    expect([all.size, ref.runtime.timers.size]).toEqual([1, 0]);
  });

  test('a reader whose time is not up abandons nothing because another one was answered', async () => {
    const { ref, clock, held } = await begin();
    const all = new RequestCollection<string>();
    for (const label of ['a', 'b']) all.add(sendRequest(ref, 'hold'), label);
    const both = Promise.all([all.receive(1_000), all.receive(1_000)]);
    await clock.advance(10);
    held[0]?.reply(1);
    await clock.advance(10);
    expect(held[1]?.reply(2)).toBe(true);
    await clock.settle();
    expect(await both).toMatchObject([{ label: 'a' }, { label: 'b' }]);
  });

  test('readers with nothing left to wait for are told, by the last answer as by giving up', async () => {
    const { ref, clock, held } = await begin();
    const all = new RequestCollection<string>().add(sendRequest(ref, 'hold'), 'a');
    const two = Promise.all([all.wait(), all.wait()]);
    await clock.settle();
    held[0]?.reply(1);
    expect(await two).toMatchObject([{ label: 'a' }, 'no_request']);
    const lost = sendRequest(ref, 'hold');
    const next = all.add(lost, 'b').wait();
    const receiving = all.receive(10);
    await clock.advance(10);
    expect([await receiving, await next, await all.receive(), all.size]).toEqual([
      'timeout',
      'no_request',
      'no_request',
      1,
    ]);
    // one that is given up does not keep back the others
    all.add(sendRequest(ref, 'echo', 'x'), 'c');
    expect([await all.wait(), await all.wait()]).toMatchObject([{ label: 'c' }, 'no_request']);
  });

  test('each answer that comes costs the same, however many are waited for', async () => {
    const { runtime, clock } = await begin();
    let looks = 0;
    class Counted extends PendingRequest<number> {
      override get response(): Response<number> | undefined {
        looks++;
        return super.response;
      }
    }
    const requests = Array.from({ length: 2_000 }, () => new Counted(runtime, 'asks', null));
    const all = new RequestCollection<number, number>();
    for (const [label, request] of requests.entries()) all.add(request, label);
    for (const [label, request] of requests.entries()) {
      const next = all.wait();
      request.reply(label);
      expect(await next).toMatchObject({ label });
    }
    await clock.settle();
    expect(looks).toBeLessThan(10 * requests.length);
  });

  test('the death of the server answers all of its requests', async () => {
    const { ref, runtime } = await begin();
    const all = new RequestCollection<number>();
    for (let n = 0; n < 100; n++) all.add(sendRequest(ref, 'hold'), n);
    runtime.exit(ref.pid as never, 'gone');
    const labels = new Set<number>();
    for (let next = await all.receive(0); typeof next === 'object'; next = await all.receive(0)) {
      expect(next.response).toEqual({ tag: 'error', reason: 'gone' });
      labels.add(next.label);
    }
    expect([labels.size, all.size]).toEqual([100, 0]);
  });

  test('any mix of readers, answers and requests given up: each answer once, no reader ends early or never', async () => {
    const step = fc.oneof(
      fc.record({
        tag: fc.constant('read' as const),
        patience: fc.integer({ min: 0, max: 50 }),
        keep: fc.boolean(),
      }),
      fc.record({ tag: fc.constant('reply' as const), at: fc.nat(2) }),
      fc.record({ tag: fc.constant('abandon' as const), at: fc.nat(2) }),
      fc.record({ tag: fc.constant('check' as const), at: fc.nat(2) }),
      fc.record({ tag: fc.constant('advance' as const), ms: fc.integer({ min: 1, max: 30 }) }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
        const { runtime, clock } = world();
        const requests = Array.from({ length: 3 }, () => new PendingRequest<number>(runtime, 'asks', null));
        const all = new RequestCollection<number, number>();
        for (const [label, request] of requests.entries()) all.add(request, label);
        const given: number[] = [];
        const replied = new Set<number>();
        const reads: Promise<void>[] = [];
        let [ended, kept, changed] = [0, 0, 0];
        const read = async (patience: number, keep: boolean): Promise<void> => {
          const start = clock.now();
          const next = await all.wait(patience, { delete: !keep });
          ended++;
          const open = requests.filter((request, label) => !given.includes(label) && !request.abandoned);
          if (typeof next === 'object') {
            expect(next.response).toEqual({ tag: 'reply', value: next.label });
            given.push(next.label);
            if (keep) kept++;
          } else if (next === 'no_request') {
            expect([open, clock.now()]).toEqual([[], Math.max(start, changed)]);
          } else expect([open.length > 0, clock.now() >= start + patience]).toEqual([true, true]);
          expect(clock.now()).toBeLessThanOrEqual(start + patience);
        };
        for (const each of steps) {
          if (each.tag !== 'read' && each.tag !== 'advance') changed = clock.now();
          if (each.tag === 'read') reads.push(read(each.patience, each.keep));
          else if (each.tag === 'reply') {
            if (requests[each.at]?.reply(each.at) === true) replied.add(each.at);
          } else if (each.tag === 'abandon') requests[each.at]?.abandon();
          else if (each.tag === 'check') {
            const request = requests[each.at] as PendingRequest<number>;
            const next = all.check(new Answered(request, { tag: 'reply', value: each.at }));
            if (typeof next === 'object') given.push(next.label);
          } else await clock.advance(each.ms);
        }
        await clock.advance(100);
        expect([ended, runtime.timers.size]).toEqual([reads.length, 0]);
        await Promise.all(reads);
        expect(new Set(given).size).toBe(given.length);
        expect(given.every((label) => replied.has(label))).toBe(true);
        expect(all.size).toBe(requests.length - given.length + kept);
      }),
      { numRuns: 200 },
    );
  });
});

test('a collection that is fed by messages keeps nothing of what it has given', async () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const { ref, runtime } = await begin();
  const { pid, inbox } = recorder(runtime);
  const all = new RequestCollection<number, string>();
  const seen: WeakRef<object>[] = [];
  for (let round = 0; round < 5_000; round++) {
    const request = sendRequest(ref, 'echo', 'answer', { to: pid });
    seen.push(new WeakRef(request));
    all.add(request, round);
    while (inbox.length === 0) await Promise.resolve();
    expect(all.check(inbox.pop()?.message)).toMatchObject({ label: round });
  }
  await new Promise((resolve) => setImmediate(resolve));
  collect();
  // the last ones may wait for the next sweep
  expect(seen.filter((one) => one.deref() !== undefined).length).toBeLessThan(2_100);
  expect(all.size).toBe(0);
});
