/** gen_statem_SUITE, the stop cases: each once per callback mode. */
import { expect } from 'vitest';
import { NameScope, type NameTable } from '../../../src/actor/names.ts';
import { RemoteName } from '../../../src/actor/pid.ts';
import type { Process } from '../../../src/actor/process.ts';
import { stopServer } from '../../../src/otp/gen-server.ts';
import { startStatem } from '../../../src/otp/gen-statem.ts';
import { ServerRef } from '../../../src/otp/server-ref.ts';
import { reasonOf } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { inBothModes } from './both.ts';
import type { Bench, Calls, Casts, Connection, Ref } from './connection.ts';

const suite = conformanceSuite('gen_statem_SUITE', 59);
const both = inBothModes(suite);

both('stop1', async (machine, all) => {
  const ref = await startStatem(all.runtime, machine, 'ok');
  const pid = ref.pid as Process;
  await stopServer(ref);
  expect([pid.alive, pid.reason]).toEqual([false, 'normal']);
  expect(await reasonOf(stopServer(ref))).toBe('noproc');
});

both('stop2', async (machine, all) => {
  const ref = await startStatem(all.runtime, machine, 'ok');
  const monitor = all.tester.monitor(ref.pid as Process);
  await stopServer(ref, 'other');
  await all.clock.settle();
  expect(all.flush()).toMatchObject([{ tag: 'DOWN', ref: monitor, reason: 'other' }]);
});

both('stop3', async (machine, all) => {
  const ref = await startStatem(all.runtime, machine, 'ok');
  for (const timeout of [-1, 0, Number.NaN, 'soon' as unknown as number])
    await expect(stopServer(ref, 'normal', timeout)).rejects.toThrow(RangeError);
  expect(await ref.call('state')).toBe('idle');
  await stopServer(ref, 'normal', 1_000);
  expect(await reasonOf(ref.call('state'))).toBe('noproc');
});

/** Stops by a name: once it is gone, a second stop says so. @param named how it is spoken of */
async function stopByName(
  machine: Connection,
  all: Bench,
  scope: NameTable,
  named: Ref = new ServerRef<Calls, Casts>(all.runtime, { scope, name: 'to stop' }),
): Promise<void> {
  const { pid } = await startStatem(all.runtime, machine, 'ok', {
    name: 'to stop',
    scope: scope as NameTable<unknown>,
  });
  expect(await named.call('state')).toBe('idle');
  await stopServer(named);
  expect((pid as Process).alive).toBe(false);
  expect(scope.whereis('to stop')).toBeUndefined();
  expect(await reasonOf(stopServer(named))).toBe('noproc');
}

both('stop4', (machine, all) => stopByName(machine, all, all.runtime.names));

both('stop5', async (machine, all) => {
  // by the name on the own node, beside another table that has the same one
  const other = new NameScope();
  const bystander = await startStatem(all.runtime, machine, 'ok', {
    name: 'to stop',
    scope: other as NameTable<unknown>,
  });
  const onNode: Ref = new ServerRef(all.runtime, new RemoteName('here', 'to stop'));
  await stopByName(machine, all, all.runtime.names, onNode);
  expect(other.whereis('to stop')).toBe(bystander.pid);
  expect(await bystander.call('state')).toBe('idle');
});

both('stop7', async (machine, all) => {
  const held = new Map<string, Process>();
  await stopByName(machine, all, {
    register: (name, process) => !held.has(name) && held.set(name, process as Process) === held,
    unregister: (name) => void held.delete(name),
    whereis: (name) => held.get(name),
  });
});

suite.notApplicable(
  ['stop6', 'stop10'],
  'names are those of a node: there is none of a whole cluster (`global`)',
);
suite.notApplicable(
  ['stop8', 'stop9'],
  'a node takes no system messages of others (SECURITY §9): who may end a process there sends it an exit signal',
);
