/**
 * RELIABILITY §4: restart storms end exactly where the intensity says, and many restarts at once are quick.
 */
import { describe, expect, test } from 'vitest';
import { systemClock, type Clock } from '../../src/actor/clock.ts';
import type { Process } from '../../src/actor/process.ts';
import { seededRandom, type Random } from '../../src/actor/random.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { exit } from '../../src/actor/exit-reason.ts';
import {
  type DynamicSupervisorRef,
  startDynamicSupervisor,
  startSupervisor,
  supervisor,
  worker,
  type ChildSpec,
  type GenServer,
  type SupervisorSpec,
} from '../../src/otp.ts';
import { same, world } from '../actor/world.ts';

/** 1 s for a storm and 2 s for 10,000 restarts are stated for a quiet box; this one may be far slower. Milliseconds. */
const QUICK = 10_000;

const idle: GenServer<undefined, null> = { init: () => null };

/** Time that a test sets by hand; nothing here waits. */
function handClock(): Clock & { at: number } {
  return { ...systemClock, at: 0, now: () => clock.at } as Clock & { at: number };
}
let clock: Clock & { at: number };

describe('the exact intensity boundary', () => {
  /** Restarts in the window that ends at `now`, the edge included: OTP's rule, the slow way. */
  const inWindow = (times: readonly number[], now: number, period: number): number =>
    times.filter((at) => at >= now - period).length;

  async function sequence(random: Random): Promise<void> {
    const pick = (count: number): number => random.u32() % count;
    const [intensity, period] = [pick(5), 1 + pick(1_000)];
    clock = handClock();
    const { runtime } = world({ clock });
    const sup = await startSupervisor(runtime, {
      intensity,
      period,
      children: [worker('child', idle, undefined)],
    });
    const process = sup.pid as Process;
    const restarts: number[] = [];
    for (let n = 0; n < 12; n++) {
      // the instants that matter: just before, on and just after the moment an old restart leaves the window
      const old = restarts[pick(restarts.length || 1)] ?? clock.at;
      const next = old + period - 1 + pick(3);
      clock.at = pick(2) === 0 && next >= clock.at ? next : clock.at + pick(period);
      const before = process.firstChild as Process;
      runtime.exit(before, 'kill');
      await Promise.resolve();
      await Promise.resolve();
      restarts.push(clock.at);
      const exceeded = intensity === 0 || inWindow(restarts, clock.at, period) > intensity;
      same(process.alive, !exceeded);
      if (exceeded) {
        same(process.reason, 'shutdown');
        same(runtime.alive, 0);
        return;
      }
      same(process.firstChild !== before && process.firstChild!.alive, true);
    }
    await sup.stop();
    same(runtime.alive, 0);
  }

  test('10,000 random sequences die on restart MaxR + 1 inside MaxT, never before, never later', async () => {
    for (let seed = 0; seed < 10_000; seed++) {
      try {
        await sequence(seededRandom(`intensity-${seed}`));
      } catch (error) {
        throw new Error(`seed intensity-${seed}`, { cause: error });
      }
    }
  });

  test.each([
    { gap: 4_999, survives: false },
    { gap: 5_000, survives: false },
    { gap: 5_001, survives: true },
  ])('with 1 in 5 s a second restart after $gap ms: survives $survives', async ({ gap, survives }) => {
    clock = handClock();
    const { runtime } = world({ clock });
    const sup = await startSupervisor(runtime, { children: [worker('child', idle, undefined)] });
    for (const at of [1_000, 1_000 + gap]) {
      clock.at = at;
      runtime.exit((sup.pid as Process).firstChild!, 'kill');
      await Promise.resolve();
      await Promise.resolve();
    }
    expect((sup.pid as Process).alive).toBe(survives);
    await sup.stop();
  });
});

describe('storms end', () => {
  /** root › middle › low › leaf, each with an intensity of its own. */
  const tree = (leaf: ChildSpec, [high, middle, low]: readonly [number, number, number]): SupervisorSpec => ({
    intensity: high,
    period: 5_000,
    children: [
      supervisor('middle', {
        intensity: middle,
        period: 5_000,
        children: [supervisor('low', { intensity: low, period: 5_000, children: [leaf] })],
      }),
    ],
  });

  test.each([
    [1, 1, 1],
    [3, 2, 4],
    [0, 0, 0],
    [5, 0, 2],
  ] as const)(
    'a child that crashes after every start: %i, %i, %i give (a+1)(b+1)(c+1) starts',
    async (a, b, c) => {
      const levels: readonly [number, number, number] = [a, b, c];
      const { clock: time, runtime } = world();
      let starts = 0;
      const crashing: GenServer<undefined, null> = {
        init: (_args, self) => {
          starts++;
          self.send(self.pid, 'now');
          return null;
        },
        handleInfo: () => exit('crash'),
      };
      const root = await startSupervisor(runtime, tree(worker('leaf', crashing, undefined), levels));
      await time.settle();
      expect(starts).toBe(levels.reduce((product, level) => product * (level + 1), 1));
      expect([(root.pid as Process).alive, (root.pid as Process).reason]).toEqual([false, 'shutdown']);
      expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
    },
  );

  test.each([
    [1, 1, 1],
    [3, 2, 4],
    [5, 0, 2],
  ] as const)(
    'a child that crashes in init from its first restart on: %i, %i, %i give 1 + a + b + c starts',
    async (a, b, c) => {
      const levels: readonly [number, number, number] = [a, b, c];
      const { clock: time, runtime } = world();
      let starts = 0;
      const refusing: GenServer<undefined, null> = { init: () => (starts++ === 0 ? null : exit('no start')) };
      const root = await startSupervisor(runtime, tree(worker('leaf', refusing, undefined), levels));
      let leaf = root.pid as Process;
      while (leaf.firstChild !== null) leaf = leaf.firstChild;
      const start = performance.now();
      runtime.exit(leaf, 'kill');
      await time.settle();
      expect(starts).toBe(levels.reduce((sum, level) => sum + level, 1));
      expect(performance.now() - start).toBeLessThan(QUICK);
      expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
    },
  );
});

describe('10,000 permanent children killed in one tick', () => {
  test.each(['Supervisor', 'DynamicSupervisor'])('of a %s are all back, each once', async (kind) => {
    const { clock: time, runtime } = world();
    const specs = Array.from({ length: 10_000 }, (_, n) => worker(`child-${n}`, idle, undefined));
    const limit = { intensity: 1_000_000, period: 5_000 };
    let sup;
    if (kind === 'Supervisor') sup = await startSupervisor(runtime, { ...limit, children: specs });
    else {
      sup = await startDynamicSupervisor(runtime, limit);
      for (const spec of specs) await (sup as DynamicSupervisorRef).startChild(spec);
    }
    const before = new Set(childrenOf(sup.pid as Process));
    expect(before.size).toBe(10_000);
    const start = performance.now();
    for (const child of before) runtime.exit(child, 'kill');
    await time.settle();
    const after = [...childrenOf(sup.pid as Process)];
    expect(performance.now() - start).toBeLessThan(QUICK);
    expect(after).toHaveLength(10_000);
    expect(after.every((child) => child.alive && !before.has(child))).toBe(true);
    expect(new Set(after.map(({ info }) => info?.id)).size).toBe(10_000);
    expect(new Set(after.map(({ serial }) => serial)).size).toBe(10_000);
    await sup.stop();
    expect([runtime.alive, runtime.timers.size]).toEqual([0, 0]);
  });
});
