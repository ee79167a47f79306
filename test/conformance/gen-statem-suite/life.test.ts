/** gen_statem_SUITE: hibernation, enter_loop, callback modules, ends without callbacks, report texts, requests. */
import { expect } from 'vitest';
import { NameScope, type NameTable } from '../../../src/actor/names.ts';
import type { Process } from '../../../src/actor/process.ts';
import { formatReport } from '../../../src/actor/report-text.ts';
import { startAndEnter, startAndEnterLink, type EnterLoop } from '../../../src/otp/enter-loop.ts';
import { stopServer } from '../../../src/otp/gen-server.ts';
import {
  changeCallbackModule,
  enterStatemLoop,
  genericTimeout,
  hibernate,
  keepState,
  keepStateAndData,
  nextState,
  popCallbackModule,
  postpone,
  pushCallbackModule,
  replyAction,
  startStatem,
  stateTimeout,
  type GenStatem,
} from '../../../src/otp/gen-statem.ts';
import { stop } from '../../../src/otp/result.ts';
import { ServerRef } from '../../../src/otp/server-ref.ts';
import * as sys from '../../../src/otp/sys.ts';
import { reasonOf, world } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { bench, checkFunctions, connection, type Calls, type Casts } from './connection.ts';
import { scripted } from './scripted.ts';

const { ported, notApplicable } = conformanceSuite('gen_statem_SUITE', 59);

ported('hibernate', async () => {
  const { ref, pid, runtime, clock } = await scripted(
    (event, _state, data) => {
      if (event.type === 'call') {
        const answer = replyAction(event.from, event.tag);
        return event.tag === 'sleep' ? keepState(data, [answer, hibernate]) : keepState(data, answer);
      }
      if (event.type === 'cast') {
        const timer = event.content === undefined ? [] : [genericTimeout('alarm', event.content as number)];
        return keepState(data, [hibernate, ...timer]);
      }
      return event.type === 'info' && event.content === 'sleep'
        ? keepState(data, hibernate)
        : keepState(data);
    },
    { actions: hibernate },
  );
  const asleep = async (): Promise<boolean> => (await sys.getStatus(ref)).hibernates;
  // by init, and any event wakes it: a call, a cast, a message
  expect([await asleep(), pid.mailbox]).toEqual([true, null]);
  await ref.call('wake');
  expect(await asleep()).toBe(false);
  for (const sleep of [() => ref.call('sleep'), () => ref.cast('sleep'), () => ref.send('sleep')]) {
    await sleep();
    await clock.settle();
    expect(await asleep()).toBe(true);
    ref.send('wake');
    await clock.settle();
    expect(await asleep()).toBe(false);
  }
  // its own timer wakes it
  ref.cast('sleep', 100);
  await clock.advance(99);
  expect(await asleep()).toBe(true);
  await clock.advance(1);
  expect(await asleep()).toBe(false);
  // system messages do not
  await ref.call('sleep');
  await sys.suspend(ref);
  expect(await asleep()).toBe(true);
  await sys.getState(ref);
  await sys.resume(ref);
  await clock.settle();
  expect(await asleep()).toBe(true);
  expect(await ref.call('still there')).toBe('still there');
  expect([await asleep(), runtime.timers.size]).toEqual([false, 0]);
});

ported('auto_hibernate', async () => {
  const { ref, clock } = await scripted(
    (event, _state, data) =>
      event.type === 'call' ? keepState(data, replyAction(event.from, 'here')) : keepState(data),
    { hibernateAfter: 100 },
  );
  const asleep = async (): Promise<boolean> => (await sys.getStatus(ref)).hibernates;
  await clock.advance(99);
  expect(await asleep()).toBe(false);
  await clock.advance(1);
  expect(await asleep()).toBe(true);
  for (const disturb of [() => ref.call('who'), () => ref.cast('you'), () => ref.send('hello')]) {
    await disturb();
    await clock.advance(99);
    expect(await asleep()).toBe(false);
    // once more, before the time is up
    await disturb();
    await clock.advance(99);
    expect(await asleep()).toBe(false);
    await clock.advance(1);
    expect(await asleep()).toBe(true);
  }
  await sys.suspend(ref);
  await sys.resume(ref);
  await clock.settle();
  expect(await asleep()).toBe(true);
});

ported('enter_loop', async () => {
  const machine = connection['state functions'];
  const entry = (options: Parameters<typeof enterStatemLoop>[3] = {}): EnterLoop =>
    enterStatemLoop(machine as GenStatem<never, 'idle', object, Calls, Casts>, 'idle', {}, options);
  // anonymous, under a local name, under one of another table
  for (const table of [undefined, 'runtime', new NameScope()] as const) {
    const all = bench();
    const scope = (table === 'runtime' ? all.runtime.names : table) as NameTable<unknown> | undefined;
    const pid = (await startAndEnterLink(all.tester, (self) => {
      if (scope === undefined) return entry();
      self.register('entered', scope);
      return entry({ name: 'entered', scope });
    })) as unknown as { readonly pid: Process };
    const ref = new ServerRef<Calls, Casts>(all.runtime, pid.pid);
    await checkFunctions(ref, all);
    if (scope !== undefined) expect(scope.whereis('entered')).toBe(pid.pid);
    // its parent's shutdown ends it
    all.tester.exit(pid.pid, 'shutdown');
    await all.clock.settle();
    expect(pid.pid.reason).toBe('shutdown');
  }
  // a name that it does not hold, or that somebody else does
  const { runtime } = bench();
  const holder = await startStatem(runtime, machine, 'ok', { name: 'taken' });
  for (const name of ['free', 'taken']) {
    expect(await reasonOf(startAndEnter(runtime, () => entry({ name })))).toEqual({
      process_not_registered: name,
    });
  }
  expect(await holder.call('state')).toBe('idle');
});

ported(['undef_terminate1', 'undef_terminate2'], async (name) => {
  const reason = name === 'undef_terminate1' ? 'normal' : { error: 'test' };
  const all = bench();
  const ref = await startStatem(all.runtime, connection['state functions'], 'ok');
  all.tester.monitor(ref.pid as Process);
  await stopServer(ref, reason);
  await all.clock.settle();
  expect(all.flush()).toMatchObject([{ tag: 'DOWN', reason }]);
  expect(all.reports.map(({ tag }) => tag)).toEqual(reason === 'normal' ? [] : ['terminate', 'crash']);
});

ported('undef_in_terminate', async () => {
  const all = bench();
  const machine: GenStatem<undefined, 'start', object> = {
    init: () => nextState('start', {}),
    states: { start: (_, data) => keepState(data) },
    terminate: (_reason, _state, data) => (data as { missing(): void }).missing(),
  };
  const ref = await startStatem(all.runtime, machine, undefined);
  all.tester.monitor(ref.pid as Process);
  const reason = await reasonOf(stopServer(ref));
  expect(reason).toBeInstanceOf(TypeError);
  await all.clock.settle();
  expect(all.flush()).toMatchObject([{ tag: 'DOWN', reason }]);
});

ported('pop_too_many', async () => {
  interface Asked {
    who(): string;
    push(): string;
    change(): string;
    pop(): string;
  }
  const entered: string[] = [];
  const module = (label: string, next?: object): GenStatem<undefined, string, string, Asked> => ({
    label,
    stateEnter: true,
    init: () => nextState('start', label),
    handleEvent: (event, state, data) => {
      if (event.type === 'enter') {
        entered.push(`${label}: ${String(event.oldState)} to ${state}`);
        return keepStateAndData();
      }
      if (event.type !== 'call') return keepStateAndData();
      const answer = replyAction(event.from, `${label} in ${state}`);
      if (event.tag === 'push') return nextState('pushed', data, [pushCallbackModule(next as never), answer]);
      if (event.tag === 'change')
        return nextState('changed', data, [changeCallbackModule(next as never), answer]);
      if (event.tag === 'pop') return nextState('popped', data, [popCallbackModule, answer]);
      return keepState(data, answer);
    },
  });
  const third = module('third');
  const second = module('second', third);
  const first = module('first', second);
  const all = bench();
  const ref = await startStatem(all.runtime, first, undefined);
  const monitor = all.tester.monitor(ref.pid as Process);
  expect(await ref.call('push')).toBe('first in start');
  expect(await ref.call('who')).toBe('second in pushed');
  expect(await ref.call('change')).toBe('second in pushed');
  expect(await ref.call('who')).toBe('third in changed');
  expect(await ref.call('pop')).toBe('third in changed');
  expect(await ref.call('who')).toBe('first in popped');
  // the enter call goes to the module that has come
  expect(entered).toEqual([
    'first: start to start',
    'second: start to pushed',
    'third: pushed to changed',
    'first: changed to popped',
  ]);
  const reason = await reasonOf(ref.call('pop'));
  expect(String(reason)).toContain('bad_action_from_state_function');
  expect(reason).toMatchObject({ value: { tag: 'popCallbackModule' } });
  await all.clock.settle();
  expect(all.flush()).toMatchObject([{ tag: 'DOWN', ref: monitor, reason }]);
});

/** The report of a machine's end that holds one event of each kind. */
async function endReport(): Promise<Parameters<typeof formatReport>[0]> {
  interface Asked {
    keep(text: string): void;
    end(): void;
  }
  const machine: GenStatem<undefined, 'broken', object, Asked> = {
    label: 'reported',
    init: () =>
      nextState(
        'broken',
        { text: 'the data '.repeat(20), deep: { deeper: { deepest: 'bottom' } } },
        stateTimeout(60_000, 'some time'),
      ),
    states: {
      broken: (event, data) =>
        event.type === 'call' && event.tag === 'end' ? stop('the reason', data) : keepState(data, postpone),
    },
  };
  const { runtime, reports } = world();
  const ref = await startStatem(runtime, machine, undefined);
  const kept = reasonOf(ref.call('keep', 'postponed text'));
  expect(await reasonOf(ref.call('end'))).toBe('the reason');
  expect(await kept).toBe('the reason');
  expect(reports[0]?.tag).toBe('terminate');
  return reports[0] as Parameters<typeof formatReport>[0];
}

ported('format_log_1', async () => {
  const text = formatReport(await endReport());
  for (const part of ['reported', 'the reason', 'broken', 'the data', 'postponed text', 'some time'])
    expect(text).toContain(part);
  expect(text.split('\n').length).toBeGreaterThan(3);
});

ported('format_log_2', async () => {
  const report = await endReport();
  const full = formatReport(report);
  for (const chars of [400, 200, 50]) {
    const limited = formatReport(report, { chars });
    expect(limited.length).toBeLessThanOrEqual(chars);
    expect(limited.length).toBeLessThan(full.length);
    expect(full.slice(0, 20)).toBe(limited.slice(0, 20));
  }
  const single = formatReport(report, { singleLine: true });
  expect(single).not.toContain('\n');
  for (const part of ['reported', 'the reason', 'broken']) expect(single).toContain(part);
  expect(single).toContain('bottom');
  const shallow = formatReport(report, { depth: 1, singleLine: true });
  expect(shallow).not.toContain('bottom');
  expect(shallow.slice(0, 20)).toBe(single.slice(0, 20));
});

notApplicable(
  'reply_by_alias_with_payload',
  'looks into the tag of an Erlang alias; `from` is an object without tags',
);
