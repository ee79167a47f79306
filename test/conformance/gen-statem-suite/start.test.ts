/** gen_statem_SUITE, the start cases: each once per callback mode. */
import { expect } from 'vitest';
import { NameScope, type NameTable } from '../../../src/actor/names.ts';
import type { Process } from '../../../src/actor/process.ts';
import { StartError } from '../../../src/otp/errors.ts';
import { stopServer } from '../../../src/otp/gen-server.ts';
import { startStatem, startStatemLink, startStatemMonitor } from '../../../src/otp/gen-statem.ts';
import { ServerRef } from '../../../src/otp/server-ref.ts';
import type { StartResult } from '../../../src/otp/start.ts';
import { failure, reasonOf } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { inBothModes } from './both.ts';
import {
  checkFunctions,
  exitReasons,
  type Bench,
  type Calls,
  type Casts,
  type Connection,
  type Ref,
} from './connection.ts';

const both = inBothModes(conformanceSuite('gen_statem_SUITE', 59));

const pidOf = (result: StartResult): Process => {
  expect(result).toMatchObject({ tag: 'ok' });
  return (result as unknown as { readonly pid: Process }).pid;
};

/** By pid, or by name. */
const refTo = (all: Bench, target: Process | { readonly scope: NameTable; readonly name: string }): Ref =>
  new ServerRef<Calls, Casts>(all.runtime, target);

both('start1', async (machine, all) => {
  const linked = refTo(all, pidOf(await startStatemLink(all.tester, machine, 'ok')));
  await checkFunctions(linked, all);
  await stopServer(linked);
  // a linked end with `normal` is told to one who traps
  expect(await exitReasons(all)).toEqual(['normal']);
  const result = await startStatemMonitor(all.tester, machine, 'ok');
  const monitored = refTo(all, pidOf(result));
  await checkFunctions(monitored, all);
  await stopServer(monitored);
  await all.clock.settle();
  const { ref } = result as { readonly ref: unknown };
  expect(all.flush()).toMatchObject([{ tag: 'DOWN', ref, reason: 'normal' }]);
  expect(await reasonOf(monitored.call('state'))).toBe('noproc');
});

both('start2', async (machine, all) => {
  const ref = await startStatem(all.runtime, machine, 'ok');
  await checkFunctions(ref, all);
  expect(await ref.call('stop', 'shutdown')).toBe('stopped');
  expect(await reasonOf(ref.call('state'))).toBe('noproc');
  expect(all.flush()).toEqual([]);
});

both('start3', async (machine, all) => {
  const fast = startStatem(all.runtime, machine, { slow: 4 }, { timeout: 5 });
  await all.clock.advance(4);
  await stopServer(await fast);
  const alive = all.runtime.alive;
  const slow = reasonOf(startStatem(all.runtime, machine, { slow: 1_000 }, { timeout: 5 }));
  await all.clock.advance(5);
  expect(await slow).toBe('timeout');
  expect(all.runtime.alive).toBe(alive);
  // its `init` ends for nobody
  await all.clock.advance(1_000);
  expect(all.runtime.alive).toBe(alive);
  expect(all.flush()).toEqual([]);
});

both('start4', async (machine, all) => {
  expect(await startStatemLink(all.tester, machine, 'ignore')).toEqual({ tag: 'ignore' });
  expect(await exitReasons(all)).toEqual(['normal']);
  const error = await failure(startStatem(all.runtime, machine, 'ignore'));
  expect(error).toBeInstanceOf(StartError);
  expect((error as StartError).reason).toBe('ignore');
});

both('start5', async (machine, all) => {
  expect(await startStatemLink(all.tester, machine, 'stopped')).toEqual({ tag: 'error', reason: 'stopped' });
  expect(await exitReasons(all)).toEqual(['stopped']);
  expect(await reasonOf(startStatem(all.runtime, machine, 'stopped'))).toBe('stopped');
});

both('start6', async (machine, all) => {
  const pid = pidOf(await startStatemLink(all.tester, machine, 'ok'));
  await checkFunctions(refTo(all, pid), all);
  await stopServer(refTo(all, pid));
  expect(pid.alive).toBe(false);
  expect(await exitReasons(all)).toEqual(['normal']);
});

/** Starts in one form twice under the same name: the second start is told who holds it. */
async function underName(
  form: 'plain' | 'linked' | 'monitored',
  machine: Connection,
  all: Bench,
  scope: NameTable,
): Promise<void> {
  const options = { name: 'my statem', scope: scope as NameTable<unknown> };
  const start = async (): Promise<StartResult> => {
    if (form === 'linked') return startStatemLink(all.tester, machine, 'ok', options);
    if (form === 'monitored') return startStatemMonitor(all.tester, machine, 'ok', options);
    try {
      const { pid } = await startStatem(all.runtime, machine, 'ok', options);
      return { tag: 'ok', pid: pid as Process };
    } catch (error) {
      return { tag: 'error', reason: (error as StartError).reason };
    }
  };
  const pid = pidOf(await start());
  const alive = all.runtime.alive;
  expect(await start()).toEqual({ tag: 'error', reason: { already_started: pid } });
  expect(all.runtime.alive).toBe(alive);
  all.flush();
  await checkFunctions(refTo(all, pid), all);
  const named = refTo(all, { scope, name: 'my statem' });
  await checkFunctions(named, all);
  await stopServer(named);
  expect(scope.whereis('my statem')).toBeUndefined();
  await all.clock.settle();
  all.flush();
}

both(['start7', 'start10'], async (machine, all) => {
  // OTP's global names: a table of our own beside the runtime's
  const scope = new NameScope();
  for (const form of ['plain', 'linked', 'monitored'] as const) await underName(form, machine, all, scope);
  expect(all.runtime.names.whereis('my statem')).toBeUndefined();
});

both(['start8', 'start9'], async (machine, all) => {
  for (const form of ['plain', 'linked', 'monitored'] as const)
    await underName(form, machine, all, all.runtime.names);
});

both('start11', async (machine, all) => {
  for (const scope of [all.runtime.names, new NameScope()]) {
    const named = refTo(all, { scope, name: 'again' });
    for (const by of ['pid', 'name', 'pid', 'name']) {
      const ref = await startStatem(all.runtime, machine, 'ok', {
        name: 'again',
        scope: scope as NameTable<unknown>,
      });
      expect(named.pid).toBe(ref.pid);
      await stopServer(by === 'pid' ? ref : named);
      expect(named.pid).toBeUndefined();
    }
  }
});

both('start12', async (machine, all) => {
  const held = new Map<string, Process>();
  const via: NameTable = {
    register: (name, process) => !held.has(name) && held.set(name, process as Process) === held,
    unregister: (name) => void held.delete(name),
    whereis: (name) => held.get(name),
  };
  await underName('linked', machine, all, via);
  expect(held.size).toBe(0);
});
