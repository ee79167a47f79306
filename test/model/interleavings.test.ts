/**
 * What must hold whatever the order in which ready processes run: 1,000 seeds, each another program and another order.
 */
import { describe, expect, test } from 'vitest';
import { Kind } from '../../src/actor/mailbox.ts';
import type { Down } from '../../src/actor/monitor.ts';
import type { Ref } from '../../src/actor/pid.ts';
import type { Process, Self } from '../../src/actor/process.ts';
import { seededRandom, type Random } from '../../src/actor/random.ts';
import { startSupervisor, supervisor, type SupervisorRef } from '../../src/otp/supervisor.ts';
import { noReply, worker, type ChildSpec, type GenServer } from '../../src/otp.ts';
import { same, seededWorld, spawn, type World } from '../actor/world.ts';

const SEEDS = 1_000;
const ACTORS = 6;
const ACTS = 80;

/** 0 … below - 1. */
const int = (random: Random, below: number): number => random.u32() % below;
/** Any of them. */
const pick = <T>(random: Random, list: readonly T[]): T => list[int(random, list.length)] as T;

interface Note {
  readonly from: number;
  readonly number: number;
}

interface Watch {
  readonly ref: Ref;
  downs: number;
  flushed: boolean;
  readonly target: Process;
  readonly watcher: Process;
}

/** Actors that send numbered notes to each other, watch each other, and die, in an order drawn from the seed. */
class Program {
  readonly random: Random;
  readonly world: World;
  readonly actors: Process[] = [];
  readonly sent = new Map<string, number>();
  readonly heard = new Map<string, number>();
  readonly watches: Watch[] = [];
  readonly #byRef = new Map<Ref, Watch>();
  /** Downs for a reference that was flushed or never made. */
  strays = 0;
  disorder = 0;

  constructor(seed: number) {
    this.random = seededRandom(seed);
    this.world = seededWorld(seed);
    for (let at = 0; at < ACTORS; at++) {
      this.actors.push(
        spawn(this.world.runtime, (kind, message, self) => {
          this.#receive(at, kind, message, self);
        }),
      );
    }
  }

  async run(): Promise<void> {
    for (let act = 0; act < ACTS; act++) {
      this.world.runtime.send(pick(this.random, this.actors), 'act');
      if (int(this.random, 8) === 0) await this.world.clock.settle();
    }
    await this.world.clock.settle();
  }

  #receive(at: number, kind: Kind, message: unknown, self: Process): void {
    if (kind === Kind.down) {
      const watch = this.#byRef.get((message as Down).ref);
      if (watch === undefined || watch.flushed) this.strays++;
      else watch.downs++;
    } else if (message === 'act') this.#act(at, self);
    else {
      const { from, number } = message as Note;
      const pair = `${from} to ${at}`;
      const last = this.heard.get(pair) ?? 0;
      // a gap would be a lost message: the mailbox has room for all
      if (number !== last + 1) this.disorder++;
      this.heard.set(pair, number);
    }
  }

  #act(at: number, self: Self): void {
    const { random } = this;
    const target = int(random, ACTORS);
    const process = this.actors[target] as Process;
    const chance = int(random, 20);
    if (chance < 10) {
      for (let more = int(random, 4); more >= 0; more--) {
        const pair = `${at} to ${target}`;
        const number = (this.sent.get(pair) ?? 0) + 1;
        this.sent.set(pair, number);
        self.send(process, { from: at, number } satisfies Note);
      }
    } else if (chance < 15) {
      const ref = self.monitor(process);
      const watch: Watch = { ref, downs: 0, flushed: false, target: process, watcher: self as Process };
      this.watches.push(watch);
      this.#byRef.set(ref, watch);
    } else if (chance < 18) {
      const mine = this.watches.filter(({ watcher, flushed }) => watcher === self && !flushed);
      const watch = mine.length === 0 ? undefined : pick(random, mine);
      if (watch === undefined || watch.downs > 0) return;
      self.demonitor(watch.ref);
      watch.flushed = true;
    } else if (chance === 18)
      this.world.runtime.exit(process, pick(random, ['boom', 'kill', 'normal']), self as Process);
  }
}

describe(`under ${SEEDS} seeds`, () => {
  test('what one process sends another arrives in order and without a gap, unless the receiver is dead', async () => {
    let heard = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const program = new Program(seed);
      await program.run();
      expect(program.disorder, `seed ${seed}`).toBe(0);
      for (const [pair, number] of program.sent) {
        const receiver = program.actors[Number(pair.split(' to ')[1])] as Process;
        if (receiver.alive) same(program.heard.get(pair), number);
        heard += program.heard.get(pair) ?? 0;
      }
    }
    expect(heard).toBeGreaterThan(SEEDS);
  });

  test('a monitor fires exactly once when its target dies, and never after demonitor with flush', async () => {
    let fired = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const program = new Program(seed);
      await program.run();
      expect(program.strays, `seed ${seed}`).toBe(0);
      for (const { downs, flushed, target, watcher } of program.watches) {
        if (!watcher.alive || flushed) expect(downs, `seed ${seed}`).toBeLessThanOrEqual(1);
        else expect(downs, `seed ${seed}`).toBe(target.alive ? 0 : 1);
        fired += downs;
      }
    }
    expect(fired).toBeGreaterThan(SEEDS / 2);
  });

  test('nobody outlives his supervisor', async () => {
    let killed = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const random = seededRandom(seed);
      const { runtime, clock } = seededWorld(seed);
      /** Everybody who was ever started below a supervisor, with all above him. */
      const family = new Map<Process, Process>();
      const top = await grow(random, runtime, family);
      for (let strikes = 0; strikes < 12; strikes++) {
        const living = [...family.keys()].filter(({ alive }) => alive);
        if (living.length === 0) break;
        runtime.exit(pick(random, living), pick(random, ['kill', 'boom', 'shutdown', 'normal']));
        killed++;
        if (int(random, 2) === 0) await clock.settle();
      }
      if (int(random, 3) === 0 && (top.pid as Process).alive) runtime.exit(top.pid as Process, 'kill');
      await clock.advance(10_000);
      for (const [process, parent] of family)
        if (process.alive && !parent.alive) expect.fail(`seed ${seed}: ${process.label} is an orphan`);
      if ((top.pid as Process | undefined)?.alive !== true) same(runtime.alive, 0);
    }
    expect(killed).toBeGreaterThan(SEEDS);
  });
});

/** A tree of three levels, some of whose workers trap exits or are slow to end. */
async function grow(
  random: Random,
  runtime: World['runtime'],
  family: Map<Process, Process>,
): Promise<SupervisorRef> {
  const server = (trapExit: boolean, slow: boolean): GenServer<undefined, null> => ({
    trapExit,
    init: (_, self) => {
      const process = self as Process;
      for (let child = process; child.parentProcess !== null; child = child.parentProcess)
        family.set(child, child.parentProcess);
      return null;
    },
    handleInfo: (_, state) => noReply(state),
    terminate: () =>
      slow ? new Promise((resolve) => runtime.timers.after(1_000, () => resolve())) : undefined,
  });
  const children = (depth: number): ChildSpec[] =>
    Array.from({ length: 1 + int(random, 3) }, (_, at) => {
      const restart = pick(random, ['permanent', 'transient', 'temporary'] as const);
      if (depth > 0 && int(random, 2) === 0)
        return supervisor(`s${depth}.${at}`, spec(depth - 1), { restart });
      const trap = int(random, 2) === 0;
      return worker(`w${depth}.${at}`, server(trap, trap && int(random, 2) === 0), undefined, { restart });
    });
  const spec = (depth: number) => ({
    strategy: pick(random, ['oneForOne', 'oneForAll', 'restForOne'] as const),
    intensity: int(random, 4),
    children: children(depth),
  });
  return startSupervisor(runtime, spec(2));
}
