/** gen_statem_SUITE, the abnormal cases, each once per callback mode, and the ends with a reply. */
import { expect } from 'vitest';
import { PromiseCall } from '../../../src/actor/call.ts';
import type { Process } from '../../../src/actor/process.ts';
import type { From } from '../../../src/otp/gen-server.ts';
import { stopServer } from '../../../src/otp/gen-server.ts';
import {
  keepState,
  keepStateAndData,
  nextState,
  replyAction,
  startStatemLink,
  type GenStatem,
} from '../../../src/otp/gen-statem.ts';
import { stopAndReply } from '../../../src/otp/result.ts';
import { Request, ServerRef } from '../../../src/otp/server-ref.ts';
import { reasonOf } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { inBothModes } from './both.ts';
import {
  bench,
  exitReasons,
  type Bench,
  type Calls,
  type Casts,
  type Connection,
  type Ref,
} from './connection.ts';

const suite = conformanceSuite('gen_statem_SUITE', 59);
const both = inBothModes(suite);

async function linked(machine: Connection, all: Bench): Promise<Ref> {
  const result = await startStatemLink(all.tester, machine, 'ok');
  return new ServerRef<Calls, Casts>(all.runtime, (result as unknown as { readonly pid: Process }).pid);
}

both(['abnormal1', 'abnormal1clean', 'abnormal1dirty'], async (machine, all) => {
  const ref = await linked(machine, all);
  const inTime = ref.call('delayed', 100, { timeout: 200 });
  await all.clock.advance(100);
  expect(await inTime).toBe('delayed');
  const late = reasonOf(ref.call('delayed', 200, { timeout: 10 }));
  await all.clock.advance(10);
  expect(await late).toBe('timeout');
  await all.clock.advance(1_000);
  // the late reply came to nobody
  expect(all.flush()).toEqual([]);
  expect(await ref.call('state')).toBe('idle');
  await stopServer(ref);
  expect(await exitReasons(all)).toEqual(['normal']);
});

/** Ends it in that way: caller and linked process get the same reason, with a stack and the culprit. */
async function goesWrong(
  how: 'return' | 'action' | 'timeout',
  word: string,
  culprit: unknown,
  machine: Connection,
  all: Bench,
): Promise<void> {
  const ref = await linked(machine, all);
  const reason = (await reasonOf(ref.call('wrong', how))) as Error & { readonly value: unknown };
  expect(reason).toBeInstanceOf(Error);
  expect(reason.message).toContain(word);
  expect(reason.stack).toContain('transition.ts');
  expect(reason.value).toMatchObject(culprit as object);
  expect(await exitReasons(all)).toEqual([reason]);
  expect(await reasonOf(ref.call('state'))).toBe('noproc');
}

both('abnormal2', (machine, all) =>
  goesWrong('return', 'bad_return_from_state_function', { nonsense: true }, machine, all),
);

both('abnormal3', (machine, all) =>
  goesWrong('action', 'bad_action_from_state_function', { tag: 'nonsense' }, machine, all),
);

both('abnormal4', (machine, all) =>
  goesWrong(
    'timeout',
    'bad_action_from_state_function',
    { type: 'stateTimeout', time: 'soon' },
    machine,
    all,
  ),
);

both('shutdown', async (machine, all) => {
  const ref = await linked(machine, all);
  expect(await ref.call('stop', { shutdown: 'reason' })).toBe('stopped');
  expect(await exitReasons(all)).toEqual([{ shutdown: 'reason' }]);
  expect(await reasonOf(ref.call('state'))).toBe('noproc');
  expect(all.reports).toEqual([]);
});

suite.ported('stop_and_reply', async () => {
  const all = bench();
  const seen: unknown[] = [];
  const machine: GenStatem<
    undefined,
    'start' | 'wait',
    From | undefined,
    { first(): string; last(): string }
  > = {
    init: () => nextState('start', undefined),
    states: {
      start: (event) => (event.type === 'call' ? nextState('wait', event.from) : keepStateAndData()),
      wait: (event, kept) =>
        event.type === 'call'
          ? stopAndReply(
              'reason',
              [replyAction(kept as From, 'kept'), replyAction(event.from, 'new')],
              undefined,
            )
          : keepState(kept),
    },
  };
  const result = await startStatemLink(all.tester, machine, undefined);
  const { pid } = result as unknown as { readonly pid: Process };
  all.runtime.onExit(pid, (reason) => void seen.push({ exit: reason }));
  for (const tag of ['first', 'last']) {
    const call = new PromiseCall(
      new Request(tag, undefined),
      (answer) => void seen.push(answer),
      () => void seen.push('failed'),
    );
    all.runtime.call(pid, call, Infinity);
  }
  await all.clock.settle();
  expect(seen).toEqual(['kept', 'new', { exit: 'reason' }]);
  expect(await exitReasons(all)).toEqual(['reason']);
  const ref = new ServerRef<{ first(): string }>(all.runtime, pid);
  expect(await reasonOf(ref.call('first'))).toBe('noproc');
});
