/** gen_statem_SUITE: several requests at once, answered as they come. */
import { expect } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { stopServer, type From } from '../../../src/otp/gen-server.ts';
import {
  keepState,
  nextState,
  postpone,
  replyAction,
  startStatem,
  type GenStatem,
  type StatemRef,
} from '../../../src/otp/gen-statem.ts';
import { RequestCollection, sendRequest, type PendingRequest } from '../../../src/otp/requests.ts';
import { ServerRef } from '../../../src/otp/server-ref.ts';
import { conformanceSuite } from '../suite.ts';
import { bench, type Bench } from './connection.ts';

const { ported } = conformanceSuite('gen_statem_SUITE', 59);

interface Asked {
  /** Answered at once. */
  fast(text: string): string;
  /** Answered after so many milliseconds, by a named timeout each. */
  slow(ms: number): number;
  /** Postponed until `open`. */
  later(): string;
}
interface Told {
  open(): void;
}

const machine: GenStatem<undefined, 'closed' | 'open', ReadonlyMap<number, From>, Asked, Told> = {
  init: () => nextState('closed', new Map()),
  handleEvent: (event, state, kept) => {
    switch (event.type) {
      case 'cast':
        return nextState('open', kept);
      case 'genericTimeout':
        return keepState(kept, replyAction(kept.get(event.name as number) as From, event.content));
      case 'call':
        if (event.tag === 'fast') return keepState(kept, replyAction(event.from, event.content));
        if (event.tag === 'later')
          return keepState(kept, state === 'open' ? replyAction(event.from, 'later') : postpone);
        return keepState(new Map([...kept, [event.content, event.from]]), {
          tag: 'timeout',
          type: 'genericTimeout',
          name: event.content,
          time: event.content,
          content: event.content,
          abs: false,
        });
      default:
        return keepState(kept);
    }
  },
};

interface Requests extends Bench {
  readonly ref: StatemRef<Asked, Told>;
  /** A reference to a machine that has ended. */
  readonly gone: StatemRef<Asked, Told>;
}

async function begin(): Promise<Requests> {
  const all = bench();
  const ref = await startStatem(all.runtime, machine, undefined);
  const { pid } = await startStatem(all.runtime, machine, undefined);
  const gone = new ServerRef<Asked, Told>(all.runtime, pid as Process);
  await stopServer(gone);
  return { ...all, ref, gone };
}

const value = (value: unknown): unknown => ({ tag: 'reply', value });
const NOPROC = { tag: 'error', reason: 'noproc' };

/** What `receive` and `wait` have in common: answers with labels in the order they come. */
async function inOrder(how: 'receive' | 'wait'): Promise<void> {
  const { ref, gone, clock } = await begin();
  const all = new RequestCollection<string>();
  expect([all.size, await all[how](0)]).toEqual([0, 'no_request']);
  const slow = sendRequest(ref, 'slow', 200);
  all
    .add(slow, 'slow')
    .add(sendRequest(ref, 'later'), 'later')
    .add(sendRequest(ref, 'fast', 'f'), 'fast');
  all.add(sendRequest(gone, 'fast', 'x'), 'gone');
  expect(() => all.add(slow, 'again')).toThrow(TypeError);
  expect([all.size, all.toList().map(([, label]) => label)]).toEqual([4, ['slow', 'later', 'fast', 'gone']]);
  // that it is dead is known at once
  expect(await all[how]()).toMatchObject({ response: NOPROC, label: 'gone' });
  expect(await all[how]()).toMatchObject({ response: value('f'), label: 'fast' });
  ref.cast('open');
  expect(await all[how](100, { delete: false })).toMatchObject({ response: value('later'), label: 'later' });
  expect(all.size).toBe(2);
  const last = all[how]({ until: clock.now() + 200 });
  await clock.advance(200);
  expect(await last).toMatchObject({ response: value(200), label: 'slow', request: slow });
  expect([all.size, await all[how](10)]).toEqual([1, 'no_request']);
}

/** Lets the time of a collection pass before its one request is answered. */
async function tooLate(
  how: 'receive' | 'wait',
): Promise<Requests & { readonly request: PendingRequest; readonly all: RequestCollection<string> }> {
  const started = await begin();
  const { ref, clock } = started;
  const request: PendingRequest = sendRequest(ref, 'slow', 200);
  const all = new RequestCollection<string>().add(request, 'slow');
  const waited = all[how](100);
  await clock.advance(100);
  expect(await waited).toBe('timeout');
  await clock.advance(100);
  return { ...started, request, all };
}

ported('send_request_receive_reqid_collection', async () => {
  await inOrder('receive');
  // the rest was given up: its answer shows up nowhere
  const { request, flush } = await tooLate('receive');
  expect([request.response, request.settled, flush()]).toEqual([undefined, true, []]);
});

ported('send_request_wait_reqid_collection', async () => {
  await inOrder('wait');
  const { request, all } = await tooLate('wait');
  expect(request.response).toEqual(value(200));
  expect(await all.wait(0)).toMatchObject({ response: value(200), label: 'slow' });
  expect(await all.wait()).toBe('no_request');
});

ported('send_request_check_reqid_collection', async () => {
  const { ref, gone, clock, tester, flush } = await begin();
  const all = new RequestCollection<string>();
  expect(all.check('a message')).toBe('no_request');
  all.add(sendRequest(ref, 'slow', 50, { to: tester }), 'slow');
  all.add(sendRequest(ref, 'fast', 'f', { to: tester }), 'fast');
  all.add(sendRequest(gone, 'fast', 'x', { to: tester }), 'gone');
  expect(all.check('a message')).toBe('no_reply');
  expect(all.size).toBe(3);
  await clock.advance(50);
  const [first, second, third, ...more] = flush();
  expect(more).toEqual([]);
  expect(all.check(first)).toMatchObject({ response: NOPROC, label: 'gone' });
  expect(all.check(second, { delete: false })).toMatchObject({ response: value('f'), label: 'fast' });
  expect([all.size, all.check(second)]).toEqual([2, 'no_reply']);
  expect(all.check(third)).toMatchObject({ response: value(50), label: 'slow' });
  // a message of somebody else's request
  const other = sendRequest(ref, 'fast', 'o', { to: tester });
  await clock.settle();
  expect(other.response).toEqual(value('o'));
  expect(all.check(flush()[0])).toBe('no_reply');
});
