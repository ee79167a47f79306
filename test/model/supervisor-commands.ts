/**
 * What is done to a supervisor and to its model, and what must be the same afterwards: the trace with its times, the answers,
 * the children, the counts, who lives; nobody is an orphan, and the supervisor is dead when and as the model says.
 */
import type fc from 'fast-check';
import { expect } from 'vitest';
import { same, sameItems } from '../actor/world.ts';
import type { End, Outcome, Request, Supervision } from './supervision-model.ts';
import type { SupervisorWorld } from './supervisor-world.ts';

type Command = fc.AsyncCommand<Supervision, SupervisorWorld>;

/** Whatever stops a whole tree at once has no order within a millisecond. */
const shown = (model: Supervision, trace: readonly string[]): readonly string[] =>
  model.over !== undefined && model.atOnce ? trace.toSorted() : trace;

export async function compare(model: Supervision, real: SupervisorWorld): Promise<void> {
  sameItems(shown(model, real.trace), shown(model, model.trace));
  same(real.now, model.now);
  sameItems(real.orphans, []);
  const { root } = real;
  same(root.alive, model.over === undefined);
  if (model.over !== undefined) {
    expect(root.reason).toBe(model.over);
    expect(real.world.runtime.alive).toBe(0);
    return;
  }
  sameItems(real.living.toSorted(), model.living.toSorted());
  same(await real.which(), model.which);
  same(await real.count(), model.count);
}

/** Starts both; false when they agree that there is nothing to start. */
export async function start(
  model: Supervision & { start(): string },
  real: SupervisorWorld & { start(): Promise<string> },
): Promise<boolean> {
  const said = model.start();
  expect(await real.start()).toBe(said);
  if (said === 'ok') {
    await compare(model, real);
    return true;
  }
  expect(real.trace).toEqual(model.trace);
  expect(real.now).toBe(model.now);
  expect(real.world.runtime.alive).toBe(0);
  return false;
}

/** All of it happens before the supervisor hears of any. */
export class Does implements Command {
  readonly #items: readonly (End | Request)[];
  constructor(items: readonly (End | Request)[]) {
    this.#items = items;
  }
  check(model: Readonly<Supervision>): boolean {
    return model.over === undefined;
  }
  async run(model: Supervision, real: SupervisorWorld): Promise<void> {
    const answers = await real.does(this.#items);
    expect(answers).toEqual(model.does(this.#items));
    await compare(model, real);
  }
  toString(): string {
    return JSON.stringify(this.#items);
  }
}

/** What the next starts of a child come to. */
export class Plan implements Command {
  readonly #id: string;
  readonly #outcomes: readonly Outcome[];
  constructor(id: string, outcomes: readonly Outcome[]) {
    this.#id = id;
    this.#outcomes = outcomes;
  }
  check(): boolean {
    return true;
  }
  async run(model: Supervision, real: SupervisorWorld): Promise<void> {
    for (const { outcomes } of [model, real]) outcomes.set(this.#id, [...this.#outcomes]);
  }
  toString(): string {
    return `${this.#id} starts: ${this.#outcomes.join(', ')}`;
  }
}

/** A child ends and cannot start again at once, while all the rest happens. */
export class Fails implements Command {
  readonly #plan: Plan;
  readonly #does: Does;
  constructor(id: string, outcomes: readonly Outcome[], rest: readonly (End | Request)[]) {
    this.#plan = new Plan(id, outcomes);
    this.#does = new Does([{ tag: 'end', id, reason: 'boom' }, ...rest]);
  }
  check(model: Readonly<Supervision>): boolean {
    return this.#does.check(model);
  }
  async run(model: Supervision, real: SupervisorWorld): Promise<void> {
    await this.#plan.run(model, real);
    await this.#does.run(model, real);
  }
  toString(): string {
    return `${String(this.#plan)}; ${String(this.#does)}`;
  }
}

export class Pass implements Command {
  readonly #ms: number;
  constructor(ms: number) {
    this.#ms = ms;
  }
  check(model: Readonly<Supervision>): boolean {
    return model.over === undefined;
  }
  async run(model: Supervision, real: SupervisorWorld): Promise<void> {
    model.now += this.#ms;
    await real.world.clock.advance(this.#ms);
  }
  toString(): string {
    return `${this.#ms} ms pass`;
  }
}

/** Its parent tells it to end. */
export class Stop implements Command {
  check(model: Readonly<Supervision>): boolean {
    return model.over === undefined;
  }
  async run(model: Supervision, real: SupervisorWorld): Promise<void> {
    expect(await real.until(real.ref.stop())).toBe('shutdown');
    model.end('shutdown');
    await compare(model, real);
  }
  toString(): string {
    return 'stop';
  }
}

/** Nobody survives it but who never goes; in which order is nobody's promise. */
export class Kill implements Command {
  check(model: Readonly<Supervision>): boolean {
    return model.over === undefined && !model.stubborn;
  }
  async run(model: Supervision, real: SupervisorWorld): Promise<void> {
    real.world.runtime.exit(real.root, 'kill');
    await real.world.clock.advance(60_000);
    expect(real.world.runtime.alive).toBe(0);
    expect(real.trace).toContain(`${model.now} -root killed`);
    model.over = 'killed';
  }
  toString(): string {
    return 'kill';
  }
}
