/**
 * The mailbox against a small model: bound, policies and accounting under random sends, signals and handling.
 */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FullPolicy } from '../../src/actor/mailbox.ts';
import type { Process } from '../../src/actor/process.ts';
import { spawn, world, type World } from '../actor/world.ts';

const RUNS = 1_000;

interface Model {
  readonly bound: number;
  readonly full: FullPolicy;
  /** What waits, in order; signals are negative. */
  waiting: number[];
  handled: number[];
  refused: number;
  dropped: number;
  sent: number;
}

interface Real extends World {
  readonly target: Process;
  readonly handled: number[];
  next: number;
  readonly signal: (message: number) => void;
  /** Lets that many messages be handled. */
  readonly allow: (count: number) => Promise<void>;
}

type Command = fc.AsyncCommand<Model, Real>;

class Send implements Command {
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const message = ++real.next;
    const accepted = real.runtime.send(real.target, message);
    model.sent++;
    const room = model.waiting.length < model.bound;
    expect(accepted).toBe(room || model.full !== 'reject');
    if (room) model.waiting.push(message);
    else if (model.full === 'reject') model.refused++;
    else {
      model.dropped++;
      if (model.full === 'dropOldest') {
        const oldest = model.waiting.findIndex((one) => one > 0);
        // when only signals wait there is nothing to drop but the new one
        if (oldest !== -1) model.waiting = [...model.waiting.toSpliced(oldest, 1), message];
      }
    }
  }
  toString(): string {
    return 'send';
  }
}

class Signal implements Command {
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const message = ++real.next;
    real.signal(-message);
    model.waiting.push(-message);
  }
  toString(): string {
    return 'signal';
  }
}

class Handle implements Command {
  readonly #count: number;
  constructor(count: number) {
    this.#count = count;
  }
  check(): boolean {
    return true;
  }
  async run(model: Model, real: Real): Promise<void> {
    const count = Math.min(this.#count, model.waiting.length);
    model.handled.push(...model.waiting.splice(0, count));
    await real.allow(count);
    expect(real.handled).toEqual(model.handled);
  }
  toString(): string {
    return `handle ${this.#count}`;
  }
}

/** A process that handles one message per permit: it parks in each. */
async function real(bound: number, full: FullPolicy): Promise<Real> {
  const made = world();
  const handled: number[] = [];
  let open: () => void = () => undefined;
  const park = (): Promise<void> =>
    new Promise((resolve) => {
      open = resolve;
    });
  const target = spawn(made.runtime, (_, message) => {
    handled.push(message as number);
    return park();
  });
  target.bound = bound;
  target.full = full;
  made.runtime.work(target, park);
  await made.clock.settle();
  const signal = (message: number): void => {
    made.runtime.work(target, () => {
      handled.push(message);
      return park();
    });
  };
  const allow = async (count: number): Promise<void> => {
    for (let left = count; left > 0; left--) {
      open();
      await made.clock.settle();
    }
  };
  return { ...made, target, handled, next: 0, signal, allow };
}

const commands = [
  fc.constant(new Send()),
  fc.constant(new Send()),
  fc.constant(new Signal()),
  fc.nat({ max: 6 }).map((count) => new Handle(count)),
];

describe('a mailbox does what the model says', () => {
  test.each(['reject', 'dropNewest', 'dropOldest'] as const)('%s', async (full) => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 6 }),
        fc.commands(commands, { maxCommands: 60 }),
        async (bound, plan) => {
          const model: Model = { bound, full, waiting: [], handled: [], refused: 0, dropped: 0, sent: 0 };
          const made = await real(bound, full);
          await fc.asyncModelRun(() => ({ model, real: made }), plan);
          await new Handle(1_000).run(model, made);
          // nothing is lost without being counted
          const messages = model.handled.filter((one) => one > 0).length;
          expect(model.sent).toBe(messages + model.refused + model.dropped);
          expect(made.target.dropped).toBe(model.refused + model.dropped);
        },
      ),
      { numRuns: RUNS },
    );
  });
});
