/** supervisor_SUITE: how a supervisor and its children start, and what happens when they do not. */
import { expect } from 'vitest';
import { exit } from '../../../src/actor/exit-reason.ts';
import type { Process } from '../../../src/actor/process.ts';
import { defineApplication, loadApplications } from '../../../src/otp/application.ts';
import type { StartError } from '../../../src/otp/errors.ts';
import { ignore } from '../../../src/otp/result.ts';
import { SpecError, startSupervisor, supervisor } from '../../../src/otp/supervisor.ts';
import { failure, reasonOf, spawn } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { counts, listed, stage, tree } from './kit.ts';

const { ported, notApplicable } = conformanceSuite('supervisor_SUITE', 88);

notApplicable('child_specs', 'specifications are objects; there is no tuple form. child_specs_map is ported');

const IGNORE = { start: () => ({ tag: 'ignore' as const }) };

ported('sup_start_normal', async () => {
  const at = stage();
  const ref = await at.start(tree([]));
  expect(await counts(ref)).toBe('0/0/0/0');
  expect(await at.shutDown(ref)).toBe(true);
  expect(at.exits()).toEqual(['shutdown']);
});

ported('sup_start_ignore_init', async () => {
  const at = stage();
  for (const init of [() => ignore, () => Promise.resolve(ignore)]) {
    expect(await at.tryStart(init)).toEqual({ tag: 'ignore' });
  }
  await at.clock.settle();
  expect(at.exits()).toEqual(['normal', 'normal']);
  expect(at.runtime.alive).toBe(1);
});

ported('sup_start_ignore_child', async () => {
  const at = stage();
  const ref = await at.start(tree([]));
  expect(await ref.startChild({ id: 'child1', ...IGNORE })).toBeUndefined();
  const pid = await ref.startChild(at.kid('child2'));
  expect(await listed(ref)).toEqual({ child1: undefined, child2: pid });
  expect(await counts(ref)).toBe('2/1/0/2');
});

ported('sup_start_ignore_temporary_child', async () => {
  const at = stage();
  const ref = await at.start(tree([{ id: 'child1', restart: 'temporary', ...IGNORE }, at.kid('child2')]));
  expect(Object.keys(await listed(ref))).toEqual(['child2']);
  expect(await counts(ref)).toBe('1/1/0/1');
});

ported('sup_start_ignore_temporary_child_start_child', async () => {
  const at = stage();
  const ref = await at.start(tree([]));
  expect(await ref.startChild({ id: 'child1', restart: 'temporary', ...IGNORE })).toBeUndefined();
  await ref.startChild(at.kid('child2'));
  expect(Object.keys(await listed(ref))).toEqual(['child2']);
  expect(await counts(ref)).toBe('1/1/0/1');
});

ported(
  [
    'sup_start_ignore_temporary_child_start_child_simple',
    'sup_start_ignore_permanent_child_start_child_simple',
  ],
  async (name) => {
    const restart = name.includes('temporary') ? 'temporary' : 'permanent';
    const at = stage();
    const runs = at.kid('child');
    const ref = await at.dynamic({
      template: {
        id: 'child',
        restart,
        start: (parent, ...[how]: never[]) => (how === 'ignore' ? { tag: 'ignore' } : runs.start(parent)),
      },
    });
    expect(await ref.startChild(['ignore'])).toBeUndefined();
    const pid = await ref.startChild(['runs']);
    expect(await ref.whichChildren()).toEqual([{ pid, type: 'worker', restart }]);
    expect(await counts(ref)).toBe('1/1/0/1');
    expect(await at.shutDown(ref)).toBe(true);
    expect(at.exits()).toEqual(['shutdown']);
  },
);

ported('sup_start_error_return', async () => {
  const at = stage();
  const result = await at.tryStart(() => 'not a specification' as never);
  const reason = { bad_return: 'not a specification' };
  expect(result).toEqual({ tag: 'error', reason });
  await at.clock.settle();
  expect(at.exits()).toEqual([reason]);
});

ported('sup_start_fail', async () => {
  const at = stage();
  const boom = new Error('init crashed');
  const crashing = [
    () => exit('init crashed'),
    () => {
      throw boom;
    },
    () => Promise.reject(boom),
  ];
  const results = [];
  for (const init of crashing) results.push(await at.tryStart(init));
  expect(results.map((result) => 'reason' in result && result.reason)).toEqual(['init crashed', boom, boom]);
  await at.clock.settle();
  expect(at.exits()).toEqual(['init crashed', boom, boom]);
});

ported('sup_start_restart_child_returns_error', async () => {
  const at = stage();
  const ref = await at.start(tree([at.kid('child')]));
  await ref.terminateChild('child');
  at.failures.set('child', 1);
  expect(await reasonOf(ref.restartChild('child'))).toBe('no start');
  expect(await listed(ref)).toEqual({ child: undefined });
  expect(await counts(ref)).toBe('1/0/0/1');
});

/** What a start may give instead of a process, and the reason it means. */
const FAILURES: readonly (readonly [given: unknown, reason: unknown])[] = [
  [{ tag: 'error', reason: 'no start' }, 'no start'],
  ['what is this', 'what is this'],
  [undefined, undefined],
  [
    { tag: 'ok', pid: 'no process' },
    { tag: 'ok', pid: 'no process' },
  ],
];

ported('sup_start_child_returns_error', async () => {
  const at = stage();
  const ref = await at.start(tree([]));
  for (const [given, reason] of FAILURES) {
    for (const start of [() => given as never, () => Promise.resolve(given as never)]) {
      const error = (await failure(ref.startChild({ id: 'child', start }))) as StartError;
      // in OTP the specification is in the reason; here the error names the child
      expect(error.reason).toEqual(reason);
      expect(error.message).toMatch(/^child did not start/);
      expect(await counts(ref)).toBe('0/0/0/0');
    }
  }
});

ported('sup_start_child_returns_error_simple', async () => {
  const at = stage();
  for (const [given, reason] of FAILURES) {
    const ref = await at.dynamic({ template: { id: 'child', start: () => given as never } });
    expect(await reasonOf(ref.startChild([]))).toEqual(reason);
    expect(await ref.whichChildren()).toEqual([]);
    expect(await counts(ref)).toBe('1/0/0/0');
  }
});

const DEFAULTS = { restart: 'permanent', shutdown: 5_000, type: 'worker', significant: false };

ported('sup_start_map', async () => {
  const at = stage();
  const { start } = at.kid('child');
  const unknown = { id: 'odd', start, colour: 'red' };
  const ref = await at.start(
    tree([{ id: 'plain', start }, { id: 'sup', start, type: 'supervisor' }, unknown]),
  );
  expect(await ref.getChildSpec('plain')).toMatchObject({ id: 'plain', start, ...DEFAULTS });
  expect(await ref.getChildSpec('sup')).toMatchObject({
    ...DEFAULTS,
    type: 'supervisor',
    shutdown: Infinity,
  });
  expect(await ref.getChildSpec('odd')).toMatchObject({ id: 'odd', ...DEFAULTS });
  expect(await reasonOf(ref.getChildSpec('nobody'))).toBe('not_found');
});

ported('sup_start_map_simple', async () => {
  const at = stage();
  const { start } = at.kid('child');
  const ref = await at.dynamic({ template: { id: 'child', start } });
  const pid = (await ref.startChild([])) as Process;
  expect(await ref.getChildSpec(pid)).toMatchObject({ id: 'child', start, ...DEFAULTS });
  expect(await reasonOf(ref.getChildSpec(spawn(at.runtime)))).toBe('not_found');
});

ported('sup_start_map_faulty_specs', async () => {
  const at = stage();
  const { start } = at.kid('child');
  for (const [spec, reason] of [
    [{ start }, 'missing_id'],
    [{ id: 'child' }, 'missing_start'],
    [['child', start], 'invalid_child_spec'],
    ['child', 'invalid_child_spec'],
    [null, 'invalid_child_spec'],
  ] as const) {
    const result = await at.tryStart({ children: [spec as never] });
    expect(result).toMatchObject({ tag: 'error', reason: { part: 'start_spec', reason } });
    expect(result.tag === 'error' && result.reason).toBeInstanceOf(SpecError);
  }
  expect(at.runtime.alive).toBe(1);
});

ported('extra_return', async () => {
  const at = stage();
  const { start } = at.kid('child');
  const spec = {
    id: 'child',
    start: async (parent: Process) => ({ ...(await start(parent)), extra: { payload: 1 } }),
  };
  const ref = await at.start(tree([]));
  const first = await ref.startChildWithExtra(spec as never);
  expect(first).toEqual({ pid: (await listed(ref))['child'], extra: { payload: 1 } });
  await ref.terminateChild('child');
  const second = await ref.restartChildWithExtra('child');
  expect(second).toEqual({ pid: (await listed(ref))['child'], extra: { payload: 1 } });
  expect(second.pid).not.toBe(first.pid);
  // otherwise it changes nothing: restarted, listed and stopped as any other
  await at.end(second.pid, 'boom');
  expect(await counts(ref)).toBe('1/1/0/1');
  expect(await at.shutDown(ref)).toBe(true);
});

ported('faulty_application_shutdown', async () => {
  const at = stage();
  const boom = new Error('fails in its first start');
  const faulty = { id: 'faulty', start: () => ({ tag: 'error' as const, reason: boom }) };
  const top = tree([at.kid('sound'), supervisor('inner', tree([at.kid('deep'), faulty]))]);
  const applications = loadApplications(at.runtime, [defineApplication({ name: 'app', start: () => top })]);
  // as the root of an application, and alone
  for (const start of [
    () => applications.start('app'),
    () => startSupervisor(at.runtime, top, { label: 'app' }),
  ]) {
    const before = at.runtime.alive;
    at.log.length = 0;
    const error = (await failure(start())) as StartError;
    expect(error.reason).toEqual({
      shutdown: {
        failed_to_start_child: 'inner',
        reason: { shutdown: { failed_to_start_child: 'faulty', reason: boom } },
      },
    });
    expect(error.message).toContain('app/inner/faulty');
    // the stack is that of the child's own error
    expect((error.cause as Error).stack).toBe(boom.stack);
    await at.clock.settle();
    expect(at.runtime.alive).toBe(before);
    expect(at.log).toEqual(['start sound', 'start deep', 'stop deep shutdown', 'stop sound shutdown']);
  }
  expect(await applications.which()).toEqual([]);
});
