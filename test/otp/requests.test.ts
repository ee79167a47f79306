import { describe, expect, test } from 'vitest';
import { noReply, reply, ServerRef, startServer, type From, type GenServer } from '../../src/otp.ts';
import {
  checkResponse,
  receiveResponse,
  RequestCollection,
  sendRequest,
  waitResponse,
  type Answered,
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
    for (const time of [-1, Number.NaN, 'soon'])
      await expect(waitResponse(request, time as number)).rejects.toBeInstanceOf(RangeError);
    expect(request.settled).toBe(false);
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
});
