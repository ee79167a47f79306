import { expect } from 'vitest';
import { enterLoop, startAndEnter, startAndEnterLink } from '../../../src/otp/enter-loop.ts';
import { noReply, ServerRef, stop, stopServer } from '../../../src/otp.ts';
import { changeCode, resume, suspend } from '../../../src/otp/sys.ts';
import { reasonOf, recorder, spawn, world } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import {
  begin,
  puppet,
  recording,
  Via,
  type Calls,
  type Casts,
  type PuppetRef,
  type State,
} from './puppet.ts';

const { ported } = conformanceSuite('gen_server_SUITE', 60);

ported('spec_init', async () => {
  for (const scope of [undefined, new Via()]) {
    const { runtime, clock } = world();
    const table = scope ?? runtime.names;
    const naming = scope === undefined ? { name: 'my_server' } : { name: 'my_server', scope };
    for (const timeout of [undefined, 100]) {
      const idle = timeout === undefined ? {} : { timeout };
      // with the name it registered itself, and without one
      for (const named of [true, false]) {
        const started = await startAndEnter(runtime, (self) => {
          if (named) self.register<unknown>('my_server', table);
          return enterLoop(puppet(), ['entered'], named ? { ...naming, ...idle } : idle);
        });
        await clock.advance(100);
        const ref: PuppetRef = named
          ? new ServerRef<Calls, Casts>(runtime, { scope: table, name: 'my_server' })
          : (started as PuppetRef);
        const state: State = await ref.call('state');
        expect(state).toEqual(timeout === undefined ? ['entered'] : ['entered', 'timeout']);
        await stopServer(ref);
        expect(table.whereis('my_server')).not.toMatchObject({ alive: true });
      }
    }
    // a name that the process has not registered
    const { alive } = runtime;
    const told = await reasonOf(startAndEnter(runtime, () => enterLoop(puppet(), [], naming)));
    expect(told).toEqual({ process_not_registered: 'my_server' });
    expect(runtime.alive).toBe(alive);
  }
});

ported(['spec_init_local_registered_parent', 'spec_init_global_registered_parent'], async (name) => {
  const { runtime, clock } = world();
  const table = name === 'spec_init_local_registered_parent' ? runtime.names : new Via();
  const { pid: parent } = recorder(runtime, { trapExit: true });
  expect(parent.register<unknown>('foo', table)).toBe(true);
  const ends: unknown[] = [];
  const result = await startAndEnterLink(parent, () =>
    enterLoop(recording(ends, { trapExit: true }), ['entered']),
  );
  expect(result).toMatchObject({ tag: 'ok' });
  const ref: PuppetRef = new ServerRef(runtime, (result as unknown as { pid: typeof parent }).pid);
  // terminate runs when a cast stops it, also with a parent that has a name
  ref.cast('run', (state) => stop('normal', state));
  await clock.settle();
  expect(ends).toEqual([{ reason: 'normal', state: ['entered'] }]);
  expect([ref.pid, parent.alive]).toMatchObject([{ alive: false }, true]);
});

ported('otp_5854', async () => {
  for (const scope of [undefined, new Via()]) {
    const { runtime } = world();
    const naming = scope === undefined ? { name: 'armitage' } : { name: 'armitage', scope };
    const holder = spawn(runtime);
    holder.register<unknown>('armitage', scope ?? runtime.names);
    const { alive } = runtime;
    const told = await reasonOf(startAndEnter(runtime, () => enterLoop(puppet(), [], naming)));
    expect(told).toEqual({ process_not_registered: 'armitage' });
    expect([runtime.alive, (scope ?? runtime.names).whereis('armitage')]).toEqual([alive, holder]);
    // who holds it may
    holder.runtime.exit(holder, 'kill');
    const ref = await startAndEnter(runtime, (self) => {
      self.register<unknown>('armitage', scope ?? runtime.names);
      return enterLoop(puppet(), [], naming);
    });
    expect(await ref.call('state')).toEqual([]);
  }
});

ported('undef_code_change', async () => {
  const { ref, pid, clock } = await begin();
  await suspend(ref);
  const undef = { message: 'undef: no codeChange' };
  expect(await reasonOf(changeCode(ref, { from: 1 }))).toMatchObject(undef);
  await resume(ref);
  ref.cast('run', (state) => noReply([...state, 'alive']));
  await clock.settle();
  expect([pid.alive, await ref.call('state')]).toEqual([true, ['alive']]);
  expect(await reasonOf(changeCode(ref))).toBe('not_suspended');
});
