/** supervisor_SUITE: what specifications and options a supervisor takes. */
import { expect } from 'vitest';
import type { ChildSpec } from '../../../src/otp/child-spec.ts';
import { checkChildSpecs, SpecError, type SupervisorSpec } from '../../../src/otp/supervisor.ts';
import { reasonOf } from '../../actor/world.ts';
import { conformanceSuite } from '../suite.ts';
import { counts, RESTARTS, stage, tree } from './kit.ts';

const { ported } = conformanceSuite('supervisor_SUITE', 88);

ported('child_specs_map', async () => {
  const at = stage();
  const { start } = at.kid('child');
  const good = { id: 'child', start };
  const ref = await at.start(tree([]));
  const faulty: readonly (readonly [spec: object, reason: unknown])[] = [
    [{ start }, 'missing_id'],
    [{ id: 'child' }, 'missing_start'],
    [{ ...good, start: 'start' }, { invalid_start: 'start' }],
    [{ ...good, args: 'a' }, { invalid_args: 'a' }],
    [{ ...good, restart: 'prmanent' }, { invalid_restart_type: 'prmanent' }],
    [{ ...good, shutdown: -10 }, { invalid_shutdown: -10 }],
    [{ ...good, shutdown: 'kill' }, { invalid_shutdown: 'kill' }],
    [{ ...good, type: 'wrker' }, { invalid_child_type: 'wrker' }],
    [{ ...good, significant: 'maybe' }, { invalid_significant: 'maybe' }],
  ];
  for (const [spec, reason] of faulty) {
    const error = await reasonOf(ref.startChild(spec as ChildSpec));
    expect(error).toBeInstanceOf(SpecError);
    expect(error).toMatchObject({ part: 'child_spec', reason });
    expect(checkChildSpecs([spec as ChildSpec])).toMatchObject({ reason });
    expect(await at.tryStart({ children: [spec as ChildSpec] })).toMatchObject({
      tag: 'error',
      reason: { part: 'start_spec', reason },
    });
  }
  expect(await counts(ref)).toBe('0/0/0/0');
  expect(checkChildSpecs(good as never)).toMatchObject({ reason: { bad_start_spec: good } });
  expect(checkChildSpecs([good, good])).toMatchObject({ reason: { duplicate_child_name: 'child' } });
  expect(checkChildSpecs([good, { ...good, id: 'other' }])).toBeUndefined();
  // simple wants exactly one specification
  for (const template of [[], [good], [good, good]])
    expect(await at.tryDynamic({ template: template as never })).toMatchObject({
      tag: 'error',
      reason: { part: 'start_spec', reason: 'invalid_child_spec' },
    });

  // autoShutdown × restart × significant
  for (const autoShutdown of ['never', 'anySignificant', 'allSignificant'] as const)
    for (const restart of RESTARTS)
      for (const significant of [true, false]) {
        const spec = { ...good, restart, significant };
        const verdict = checkChildSpecs([spec], autoShutdown);
        const result = await at.tryStart({ autoShutdown, children: [spec] });
        if (significant && restart === 'permanent')
          expect(verdict?.reason).toEqual({ bad_combination: [{ restart }, { significant }] });
        else if (significant && autoShutdown === 'never')
          expect(verdict?.reason).toEqual({ bad_combination: [{ autoShutdown }, { significant }] });
        else expect(verdict).toBeUndefined();
        expect(result.tag).toBe(verdict === undefined ? 'ok' : 'error');
      }
});

ported('sup_flags', async () => {
  const at = stage();
  const faulty: readonly (readonly [spec: object | string, reason: unknown])[] = [
    [{ strategy: 'onceForOne' }, { invalid_strategy: 'onceForOne' }],
    [{ intensity: Infinity }, { invalid_intensity: Infinity }],
    [{ intensity: -1 }, { invalid_intensity: -1 }],
    [{ period: 0 }, { invalid_period: 0 }],
    [{ period: Infinity }, { invalid_period: Infinity }],
    [{ autoShutdown: 'sometimes' }, { invalid_auto_shutdown: 'sometimes' }],
  ];
  for (const [spec, reason] of faulty) {
    for (const init of [{ children: [], ...(spec as object) }, () => ({ children: [], ...(spec as object) })])
      expect(await at.tryStart(init as SupervisorSpec)).toMatchObject({
        tag: 'error',
        reason: { part: 'supervisor_data', reason },
      });
  }
  for (const type of ['flags', [], null])
    expect(await at.tryStart(type as never)).toMatchObject({
      reason: { part: 'supervisor_data', reason: { invalid_type: type } },
    });
  // unknown ones are not looked at
  const ref = await at.start({ children: [], colour: 'red' } as SupervisorSpec);
  expect(await counts(ref)).toBe('0/0/0/0');
});
