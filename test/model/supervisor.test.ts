/**
 * Both kinds of supervisors against small models: 1,000 random trees each, with random series of ends, requests and failing
 * starts, under a random order of the processes that are ready. A failure prints the seed and the shortest series.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DynamicModel } from './dynamic-supervisor-model.ts';
import type { Supervision } from './supervision-model.ts';
import { start, Stop, type Plan } from './supervisor-commands.ts';
import { SupervisorModel } from './supervisor-model.ts';
import { deeds, dynamic, dynamicDeeds, first, tree, type Deeds } from './supervisor-plans.ts';
import type { SupervisorWorld } from './supervisor-world.ts';
import { RealDynamicSupervisor, RealSupervisor } from './supervisors.ts';

const RUNS = 1_000;

/** What happened in how many runs. */
class Seen {
  readonly #times = new Map<string, number>();
  see(what: string): void {
    this.#times.set(what, (this.#times.get(what) ?? 0) + 1);
  }
  ends(model: Supervision): void {
    this.see(model.over === undefined ? 'lives' : `ends with ${model.over}`);
    for (const context of new Set(model.trace.map((line) => /!\S+/.exec(line)?.[0])))
      if (context !== undefined) this.see(context);
  }
  /** It did in many of them: without that they would prove little. */
  often(...all: readonly string[]): void {
    for (const what of all) expect(this.#times.get(what), what).toBeGreaterThan(RUNS / 100);
  }
}

const REPORTS = ['!start_error', '!child_terminated', '!shutdown_error', '!shutdown'];

async function play(
  model: SupervisorModel | DynamicModel,
  real: RealSupervisor | RealDynamicSupervisor,
  {
    before,
    series,
    seen,
  }: { readonly before: Plan | undefined; readonly series: Deeds; readonly seen: Seen },
): Promise<void> {
  await before?.run(model, real);
  if (!(await start(model, real))) {
    seen.see('does not start');
    return;
  }
  await fc.asyncModelRun<Supervision, SupervisorWorld, boolean, Supervision>(() => ({ model, real }), series);
  seen.ends(model);
  if (model.over === undefined) await new Stop().run(model, real);
}

describe('a supervisor does what the model says', () => {
  test(`${RUNS} trees`, async () => {
    const seen = new Seen();
    await fc.assert(
      fc.asyncProperty(tree, fc.nat(), first, deeds, (plan, order, before, series) =>
        play(new SupervisorModel(plan), new RealSupervisor(plan, order), { before, series, seen }),
      ),
      { numRuns: RUNS },
    );
    seen.often('does not start', 'lives', 'ends with shutdown', 'ends with killed', ...REPORTS);
  });
});

describe('a dynamic supervisor does what the model says', () => {
  test.each([false, true])(`${RUNS} of them, significant children: %s`, async (auto) => {
    const seen = new Seen();
    await fc.assert(
      fc.asyncProperty(
        dynamic.filter((plan) => (plan.auto !== 'never') === auto),
        fc.nat(),
        dynamicDeeds(auto),
        (plan, order, series) =>
          play(new DynamicModel(plan), new RealDynamicSupervisor(plan, order), {
            before: undefined,
            series,
            seen,
          }),
      ),
      { numRuns: RUNS },
    );
    seen.often('lives', 'ends with shutdown', 'ends with killed', ...REPORTS);
  });
});
