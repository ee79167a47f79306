/** supervisor_SUITE: the requests a supervisor answers. */
import { expect } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import { checkSpec, type ChildSpec } from '../../../src/otp/child-spec.ts';
import {
  startSupervisor,
  supervisor,
  SupervisorRef,
  type SupervisorSpec,
} from '../../../src/otp/supervisor.ts';
import { reasonOf, spawn } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { counts, listed, RESTARTS, running, stage, tree } from './kit.ts';

const { ported } = conformanceSuite('supervisor_SUITE', 88);

ported('child_adm', async () => {
  const at = stage();
  const ref = await at.start(tree([]));
  const spec = at.kid('child');
  const pid = (await ref.startChild(spec)) as Process;
  expect(await listed(ref)).toEqual({ child: pid });
  expect(await counts(ref)).toBe('1/1/0/1');
  expect(await reasonOf(ref.startChild(spec))).toEqual({ already_started: pid });
  expect(await reasonOf(ref.restartChild('child'))).toBe('running');
  expect(await reasonOf(ref.deleteChild('child'))).toBe('running');
  // children are known by id: a pid names nobody and harms nobody
  expect(await reasonOf(ref.terminateChild(pid as never))).toBe('not_found');
  expect(pid.alive).toBe(true);

  await ref.terminateChild('child');
  expect([pid.alive, pid.reason]).toEqual([false, 'shutdown']);
  await ref.terminateChild('child');
  expect(await counts(ref)).toBe('1/0/0/1');
  expect(await reasonOf(ref.startChild(spec))).toBe('already_present');
  const second = await ref.restartChild('child');
  expect(second).not.toBe(pid);
  await ref.terminateChild('child');
  await ref.deleteChild('child');
  expect(await counts(ref)).toBe('0/0/0/0');
  for (const gone of [
    ref.deleteChild('child'),
    ref.restartChild('child'),
    ref.terminateChild('child'),
    ref.getChildSpec('child'),
  ])
    expect(await reasonOf(gone)).toBe('not_found');

  const nobody = new SupervisorRef(at.runtime, { scope: at.runtime.names, name: 'nobody' });
  for (const asked of [
    nobody.startChild(spec),
    nobody.restartChild('child'),
    nobody.deleteChild('child'),
    nobody.terminateChild('child'),
    nobody.whichChildren(),
    nobody.countChildren(),
  ])
    expect(await reasonOf(asked)).toBe('noproc');
});

ported('child_adm_simple', async () => {
  const at = stage();
  const started: unknown[][] = [];
  const { start } = at.kid('child');
  const ref = await at.dynamic({
    template: {
      id: 'child',
      args: ['own'],
      start: (parent, ...args: readonly unknown[]) => {
        started.push([...args]);
        return start(parent);
      },
    },
  });
  expect(await ref.whichChildren()).toEqual([]);
  expect(await counts(ref)).toBe('1/0/0/0');
  const first = (await ref.startChild(['a', 'b'])) as Process;
  const second = (await ref.startChild([])) as Process;
  // given arguments come after the template's
  expect(started).toEqual([['own', 'a', 'b'], ['own']]);
  expect((await ref.whichChildren()).map(({ pid }) => pid)).toEqual([second, first]);
  expect(await counts(ref)).toBe('1/2/0/2');

  // by id it answers that it knows none
  const byId = new SupervisorRef(at.runtime, ref.pid as Process);
  for (const asked of [
    byId.restartChild('child'),
    byId.deleteChild('child'),
    byId.terminateChild('child'),
    byId.getChildSpec('child'),
  ])
    expect(await reasonOf(asked)).toBe('simple_one_for_one');
  expect(await reasonOf(ref.startChild(at.kid('whole specification')))).toBeInstanceOf(TypeError);

  await ref.terminateChild(first);
  expect(first.reason).toBe('shutdown');
  expect(await counts(ref)).toBe('1/1/0/1');
  await ref.terminateChild(first);
  const stranger = spawn(at.runtime);
  expect(await reasonOf(ref.terminateChild(stranger))).toBe('not_found');
  expect(stranger.alive).toBe(true);
  // one that is dead is nobody's: fine too
  await at.end(stranger, 'kill');
  await ref.terminateChild(stranger);
  expect(await counts(ref)).toBe('1/1/0/1');
  expect(second.alive).toBe(true);
});

ported(['count_children', 'count_children_supervisor'], async (name) => {
  const type = name === 'count_children' ? 'worker' : 'supervisor';
  const at = stage();
  const ref = await at.dynamic({
    template: { ...at.kid('child'), restart: 'temporary', type },
  });
  const kids: Process[] = [];
  const expected = (n: number): string => (type === 'worker' ? `1/${n}/0/${n}` : `1/${n}/${n}/0`);
  for (const total of [1_000, 2_000]) {
    while (kids.length < total) kids.push((await ref.startChild([])) as Process);
    expect(await counts(ref)).toBe(expected(total));
  }
  for (const kid of kids) at.runtime.exit(kid, 'kill');
  await at.clock.settle();
  expect(await counts(ref)).toBe('1/0/0/0');
});

ported('count_restarting_children', async () => {
  const at = stage();
  const ref = await at.dynamic({ intensity: 1_000_000, template: at.kid('child') });
  const kids: Process[] = [];
  for (let i = 0; i < 3; i++) kids.push((await ref.startChild([])) as Process);
  expect(await counts(ref)).toBe('1/3/0/3');
  at.failures.set('child', Infinity);
  for (const kid of kids.slice(0, 2)) at.runtime.exit(kid, 'kill');
  // behind both deaths, and in the middle of the tries
  expect(await counts(ref)).toBe('1/1/0/3');
  const list = (await ref.whichChildren()).map(({ pid }) => (pid === kids[2] ? 'third' : pid));
  at.failures.set('child', 0);
  expect(list).toEqual(['third', 'restarting', 'restarting']);
  await at.clock.settle();
  expect(await counts(ref)).toBe('1/3/0/3');
});

ported('get_callback_module', async () => {
  const at = stage();
  const spec = tree([]);
  const asked = (): SupervisorSpec => spec;
  expect(await (await at.start(spec)).definition()).toBe(spec);
  expect(await (await at.start(asked)).definition()).toBe(asked);
  const template = { template: at.kid('child') };
  expect(await (await at.dynamic(template)).definition()).toBe(template);
});

ported('simple_global_supervisor', async () => {
  const at = stage();
  const { names: scope } = at.runtime;
  const server = at.kid('server');
  const named: ChildSpec = {
    ...server,
    start: (parent) => {
      const result = server.start(parent);
      if (!(result instanceof Promise) && result.tag === 'ok')
        scope.register('server', result.pid as Process);
      return result;
    },
  };
  const ref = await startSupervisor(
    at.runtime,
    tree([supervisor('middle', tree([named], { intensity: 5 }), { scope })], { intensity: 10 }),
  );
  const holders = () => ['middle', 'server'].map((name) => scope.whereis(name) as Process | undefined);
  let before = holders();
  const renewed = (): boolean => {
    const now = holders();
    const fresh = now.every((holder) => holder?.alive === true) && now[1] !== before[1];
    before = now;
    return fresh;
  };
  expect(before.every((holder) => holder?.alive === true)).toBe(true);
  const [middle] = before;
  await at.end(before[1], 'kill');
  expect([renewed(), before[0] === middle]).toEqual([true, true]);
  await at.end(before[0], 'kill');
  expect([renewed(), before[0] === middle]).toEqual([true, false]);
  at.runtime.exit(before[0] as Process, 'exited', ref.pid as Process);
  await at.clock.settle();
  expect(renewed()).toBe(true);
  await ref.terminateChild('middle');
  expect(holders()).toEqual([undefined, undefined]);
  await ref.restartChild('middle');
  expect(renewed()).toBe(true);
  await ref.stop();
  expect(holders()).toEqual([undefined, undefined]);
});

ported('do_not_save_start_parameters_for_temporary_children', async () => {
  const at = stage();
  const secret = { large: 'argument' };
  for (const strategy of ['oneForOne', 'oneForAll', 'restForOne'] as const) {
    const ref = await at.start(tree([], { strategy }));
    for (const restart of RESTARTS) {
      const spec: ChildSpec = { ...at.kid(restart, { restart }), args: [secret] };
      await ref.startChild(spec);
      const kept = await ref.getChildSpec(restart);
      const keeps = restart !== 'temporary';
      expect([kept.args.includes(secret), kept.start === spec.start]).toEqual([keeps, keeps]);
    }
  }
  // and simple_one_for_one: the arguments of each child
  for (const restart of RESTARTS) {
    const ref = await at.dynamic({ template: at.kid('child', { restart }) });
    const pid = (await ref.startChild([secret])) as Process;
    const { args } = pid.child as { readonly args: readonly unknown[] };
    expect(args).toEqual(restart === 'temporary' ? [] : [secret]);
  }
});

ported('do_not_save_child_specs_for_temporary_children', async () => {
  for (const strategy of ['oneForOne', 'oneForAll', 'restForOne'] as const) {
    for (const restart of RESTARTS) {
      for (const how of ['kill', 'normal', 'abnormal', 'terminateChild'] as const) {
        const at = stage();
        const ref = await at.start(tree([at.kid('child', { restart })], { strategy }));
        const kid = await running(ref, 'child');
        if (how === 'terminateChild') await ref.terminateChild('child');
        else await at.end(kid, how);
        expect(kid.alive).toBe(false);
        expect(Object.keys(await listed(ref))).toEqual(restart === 'temporary' ? [] : ['child']);
      }
    }
  }
  expect(checkSpec(stage().kid('child')).restart).toBe('permanent');
});
