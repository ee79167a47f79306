/** How often the actor of a place ended as it should not, and what its supervisor says of its restarts then. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import type { Report } from '../../src/actor/report.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import type { Child } from '../../src/otp/child-spec.ts';
import { startDynamicSupervisor } from '../../src/otp/dynamic-supervisor.ts';
import { Request } from '../../src/otp/server-ref.ts';
import { startSupervisor, type SupervisorSpec } from '../../src/otp/supervisor.ts';
import { world } from '../actor/world.ts';
import { child, plan } from './tree.ts';

async function scene(spec: Partial<SupervisorSpec> = {}) {
  const given = world();
  const made = plan();
  const ref = await startSupervisor(given.runtime, {
    strategy: 'oneForOne',
    intensity: 1_000,
    period: 1_000,
    children: ['a', 'b'].map((id) => child(made, id)),
    ...spec,
  });
  const self = ref.pid as Process;
  const find = (id: string): Process => [...childrenOf(self)].find(({ info }) => info?.id === id)!;
  const place = (id: string): Child => find(id).child as Child;
  const tell = async (id: string, what: 'crash' | 'end', reason: unknown): Promise<void> => {
    given.runtime.cast(find(id), new Request(what, reason));
    await given.clock.settle();
  };
  return { ...given, made, ref, self, find, place, tell };
}

describe('the place of a child', () => {
  test('counts ends that are not orderly, whoever sits in it', async () => {
    const { runtime, clock, find, place, tell } = await scene();
    await tell('a', 'crash', new Error('x'));
    await tell('a', 'crash', 'own word');
    runtime.exit(find('a'), 'kill');
    await clock.settle();
    expect([place('a').crashes, place('a').restarts]).toEqual([3, 3]);
    expect([place('b').crashes, place('b').restarts]).toEqual([0, 0]);
  });

  test('an orderly end is no crash, and its restart is one', async () => {
    const { place, tell } = await scene();
    for (const reason of ['normal', 'shutdown', { shutdown: 1 }]) await tell('a', 'end', reason);
    expect([place('a').crashes, place('a').restarts]).toEqual([0, 3]);
  });

  test('a start that fails counts, as often as it does', async () => {
    const { made, clock, place, tell } = await scene();
    made.failures.set('a', 2);
    await tell('a', 'crash', 'x');
    await clock.advance(10);
    expect([place('a').crashes, place('a').restarts]).toEqual([3, 3]);
  });

  test('one that its supervisor has to kill counts; one that goes as it is told does not', async () => {
    const given = await scene();
    await given.ref.startChild(child(given.made, 'lingers', { linger: 100, shutdown: 5 }));
    const places = [given.place('lingers'), given.place('a')];
    const stopped = given.ref.terminateChild('lingers');
    await given.clock.advance(200);
    await stopped;
    await given.ref.terminateChild('a');
    expect(places.map(({ crashes }) => crashes)).toEqual([1, 0]);
  });

  test('below a dynamic supervisor too', async () => {
    const { runtime, clock } = world();
    const ref = await startDynamicSupervisor(runtime, { intensity: 10 });
    const pid = (await ref.startChild(child(plan(), 'x'))) as Process;
    const place = pid.child as Child;
    runtime.exit(pid, 'kill');
    await clock.settle();
    runtime.cast(place.process!, new Request('end', 'normal'));
    await clock.settle();
    expect([place.crashes, place.restarts]).toEqual([1, 2]);
  });
});

describe('the report of an end', () => {
  const told = (reports: readonly Report[]): unknown[] =>
    reports.flatMap((report) =>
      report.tag === 'supervisor' ? [[report.context, report.restarts ?? 'none']] : [],
    );

  test('tells the restarts in the window with the one it leads to, also the one that is one too many', async () => {
    const { reports, clock, tell } = await scene({ intensity: 2 });
    await tell('a', 'crash', 'x');
    await clock.advance(900);
    await tell('b', 'crash', 'x');
    await clock.advance(101);
    await tell('a', 'crash', 'x');
    await tell('a', 'crash', 'x');
    expect(told(reports)).toEqual([
      ['child_terminated', 1],
      ['child_terminated', 2],
      // the first one is forgotten
      ['child_terminated', 2],
      ['child_terminated', 3],
      ['shutdown', 'none'],
    ]);
  });

  test('of one that is not restarted those there were', async () => {
    const made = plan();
    const { reports, tell } = await scene({
      children: [child(made, 'a'), child(made, 't', { restart: 'temporary' })],
    });
    await tell('t', 'crash', 'x');
    await tell('a', 'crash', 'x');
    expect(told(reports)).toEqual([
      ['child_terminated', 0],
      ['child_terminated', 1],
    ]);
  });

  test('of a dynamic supervisor as well', async () => {
    const { runtime, clock, reports } = world();
    const ref = await startDynamicSupervisor(runtime, { intensity: 10 });
    for (let n = 0; n < 3; n++) {
      const pid = (await ref.startChild(child(plan(), 'x'))) as Process;
      runtime.exit(pid, 'kill');
      await clock.settle();
    }
    expect(told(reports)).toEqual([
      ['child_terminated', 1],
      ['child_terminated', 2],
      ['child_terminated', 3],
    ]);
  });
});
