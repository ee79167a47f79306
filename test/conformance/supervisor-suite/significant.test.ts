/** supervisor_SUITE: significant children, whose own end may end their supervisor. */
import { expect } from 'vitest';
import type { Process } from '../../../src/actor/process.ts';
import type { SupervisorRef } from '../../../src/otp/supervisor.ts';
import { supervisor } from '../../../src/otp/supervisor.ts';
import { conformanceSuite } from '../suite.ts';
import { listed, running, stage, tree, type ChildOptions, type Stage } from './kit.ts';

const { ported } = conformanceSuite('supervisor_SUITE', 88);

const MODES = ['anySignificant', 'allSignificant'] as const;
const ORDERLY = ['normal', 'shutdown', { shutdown: 'why' }] as const;
const ABNORMAL = ['killed', 'abnormal'] as const;

/** A supervisor with two children of these options and one that is not significant. */
async function pair(
  autoShutdown: 'never' | 'anySignificant' | 'allSignificant',
  options: ChildOptions,
): Promise<Stage & { readonly ref: SupervisorRef; readonly sup: Process }> {
  const at = stage();
  const ref = await at.start(
    tree([at.kid('one', options), at.kid('two', options), at.kid('other', { restart: 'temporary' })], {
      autoShutdown,
      intensity: 1_000_000,
    }),
  );
  return { ...at, ref, sup: ref.pid as Process };
}

ported('nonsignificant_temporary', async () => {
  for (const mode of ['never', ...MODES] as const)
    for (const reason of [...ORDERLY, ...ABNORMAL]) {
      const at = await pair(mode, { restart: 'temporary' });
      await at.end(await running(at.ref, 'one'), reason);
      await at.end(await running(at.ref, 'two'), reason);
      await at.ref.terminateChild('other');
      expect(at.sup.alive).toBe(true);
      expect(await listed(at.ref)).toEqual({});
    }
});

ported('nonsignificant_transient', async () => {
  for (const mode of ['never', ...MODES] as const)
    for (const reason of [...ORDERLY, ...ABNORMAL]) {
      const at = await pair(mode, { restart: 'transient' });
      for (const id of ['one', 'two']) await at.end(await running(at.ref, id), reason);
      expect(at.sup.alive).toBe(true);
      const restarted = (ABNORMAL as readonly unknown[]).includes(reason);
      const { one, two } = await listed(at.ref);
      expect([one !== undefined, two !== undefined]).toEqual([restarted, restarted]);
    }
});

ported(['significant_temporary', 'significant_transient'], async (name) => {
  const restart = name === 'significant_temporary' ? 'temporary' : 'transient';
  const options: ChildOptions = { restart, significant: true };
  // an end by request is nobody's own
  for (const mode of MODES) {
    const at = await pair(mode, options);
    await at.ref.terminateChild('one');
    await at.ref.terminateChild('two');
    await at.clock.settle();
    expect(at.sup.alive).toBe(true);
  }
  const ending = restart === 'temporary' ? [...ORDERLY, ...ABNORMAL] : ORDERLY;
  for (const reason of ending) {
    const any = await pair('anySignificant', options);
    await any.end(await running(any.ref, 'one'), reason);
    expect([any.sup.reason, any.exits()]).toEqual(['shutdown', ['shutdown']]);
    expect(any.runtime.alive).toBe(1);

    const all = await pair('allSignificant', options);
    await all.end(await running(all.ref, 'one'), reason);
    expect(all.sup.alive).toBe(true);
    await all.end(await running(all.ref, 'two'), reason);
    expect([all.sup.reason, all.exits()]).toEqual(['shutdown', ['shutdown']]);

    // stopped by request one is gone too: the other is then the last
    const rest = await pair('allSignificant', options);
    await rest.ref.terminateChild('one');
    expect(rest.sup.alive).toBe(true);
    await rest.end(await running(rest.ref, 'two'), reason);
    expect(rest.sup.reason).toBe('shutdown');
  }
  if (restart === 'temporary') return;
  for (const mode of MODES)
    for (const reason of ABNORMAL) {
      const at = await pair(mode, options);
      for (const id of ['one', 'two']) {
        const before = await running(at.ref, id);
        await at.end(before, reason);
        expect(await running(at.ref, id)).not.toBe(before);
      }
      expect(at.sup.alive).toBe(true);
      // one that is being restarted is not gone
      at.failures.set('one', Infinity);
      at.runtime.exit(await running(at.ref, 'one'), 'kill');
      at.runtime.stop(await running(at.ref, 'two'), 'normal');
      const { pid } = at.ref;
      if (mode === 'allSignificant') expect((await listed(at.ref))['one']).toBe('restarting');
      else await at.clock.settle();
      expect((pid as Process).alive).toBe(mode === 'allSignificant');
      at.runtime.exit(at.sup, 'kill');
    }
});

ported('significant_simple', async () => {
  for (const restart of ['temporary', 'transient'] as const)
    for (const autoShutdown of MODES) {
      const at = stage();
      const template = at.kid('child', { restart, significant: true });
      const ref = await at.dynamic({ autoShutdown, template });
      const kids: Process[] = [];
      for (let i = 0; i < 3; i++) kids.push((await ref.startChild([])) as Process);
      await ref.terminateChild(kids[2] as Process);
      const sup = ref.pid as Process;
      await at.end(kids[0], 'normal');
      expect(sup.alive).toBe(autoShutdown === 'allSignificant');
      if (autoShutdown === 'allSignificant') await at.end(kids[1], 'normal');
      expect([sup.reason, at.exits()]).toEqual(['shutdown', ['shutdown']]);
      expect(kids[1]?.alive).toBe(false);
    }
});

ported('significant_bystander', async () => {
  for (const strategy of ['oneForOne', 'oneForAll', 'restForOne'] as const)
    for (const autoShutdown of MODES) {
      const at = stage();
      const ref = await at.start(
        tree(
          [
            at.kid('crashing'),
            at.kid('temporary', { restart: 'temporary', significant: true }),
            at.kid('transient', { restart: 'transient', significant: true }),
          ],
          { strategy, autoShutdown, intensity: 10 },
        ),
      );
      const before = await listed(ref);
      await at.end(before['crashing'] as Process, 'kill');
      expect((ref.pid as Process).alive).toBe(true);
      const after = await listed(ref);
      const alone = strategy === 'oneForOne';
      expect((before['transient'] as Process).alive).toBe(alone);
      expect((before['temporary'] as Process).alive).toBe(alone);
      expect(Object.keys(after).toSorted()).toEqual(
        alone ? ['crashing', 'temporary', 'transient'] : ['crashing', 'transient'],
      );
      expect((after['transient'] as Process).alive).toBe(true);
    }
});

ported('significant_escalation', async () => {
  for (const significant of [true, false]) {
    const at = stage();
    const worker = at.kid('worker', { restart: 'transient', significant: true });
    const ref = await at.start(
      tree(
        [
          supervisor('B', tree([worker], { autoShutdown: 'anySignificant' }), {
            restart: 'transient',
            significant,
          }),
          at.kid('sibling'),
        ],
        { autoShutdown: 'anySignificant' },
      ),
    );
    const b = await running(ref, 'B');
    const leaf = b.firstChild as Process;
    await at.end(leaf, 'normal');
    expect(b.reason).toBe('shutdown');
    expect((ref.pid as Process).alive).toBe(!significant);
    expect(at.exits()).toEqual(significant ? ['shutdown'] : []);
    if (!significant) expect((await listed(ref))['B']).toBeUndefined();
  }
});
