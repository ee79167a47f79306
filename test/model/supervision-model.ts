/**
 * What both models of supervisors have: children as plans, time, a list of restarts, a queue of what is not heard yet.
 * Pure and naive on purpose; nothing here is shared with the supervisors that are judged.
 *
 * All it does is written into `trace` with the virtual ms at which it happens: `5 +a#2` (`a` runs, for the second
 * time), `5 +a error` (its start did not come to that), `5 -a#1 boom` (it ended, why), `5 !child_terminated a boom`
 * (a report), `5 -root shutdown`.
 */
import type { Reason } from '../differential/script.ts';

export type Outcome = 'ok' | 'error' | 'crash' | 'ignore';

/**
 * How a child takes the order to end. `plain`: it does not trap exits. `obey`: it does, and goes. `linger`: it takes
 * 10 ms. `stubborn`: it never goes. `refuse`: it goes for another reason. `branch`: it is a supervisor with a child.
 */
export type Style = 'plain' | 'obey' | 'linger' | 'stubborn' | 'refuse' | 'branch';

export interface ChildPlan {
  readonly id: string;
  readonly restart: 'permanent' | 'transient' | 'temporary';
  readonly significant: boolean;
  readonly shutdown: 'brutalKill' | number;
  readonly style: Style;
  /** Milliseconds that its start takes. */
  readonly startup: number;
}

export interface Limits {
  readonly intensity: number;
  readonly period: number;
  readonly auto: 'never' | 'anySignificant' | 'allSignificant';
}

export interface TreePlan extends Limits {
  readonly strategy: 'oneForOne' | 'oneForAll' | 'restForOne';
  readonly children: readonly ChildPlan[];
}

/** A child ends by itself, or by a kill. */
export interface End {
  readonly tag: 'end';
  readonly id: string;
  readonly reason: Reason;
}

export type Request =
  | { readonly tag: 'start'; readonly child: ChildPlan }
  | { readonly tag: 'terminate'; readonly id: string }
  | { readonly tag: 'restart'; readonly id: string }
  | { readonly tag: 'delete'; readonly id: string }
  | { readonly tag: 'which' }
  | { readonly tag: 'count' }
  /** Other options and specifications while it runs. */
  | { readonly tag: 'update'; readonly tree: TreePlan };

export const LINGER = 10;

export interface Life {
  readonly name: string;
  readonly style: Style;
  reason: string | undefined;
}

export interface Child {
  plan: ChildPlan;
  life: Life | undefined;
  /** Its restart failed, and is tried again by whoever holds this. */
  retry: object | undefined;
}

export const newChild = (plan: ChildPlan): Child => ({ plan, life: undefined, retry: undefined });

export const orderly = (reason: string): boolean =>
  reason === 'normal' || reason === 'shutdown' || reason.startsWith('{shutdown');

/** What any kind of supervisor has: time, a trace, starts as planned, restarts that are counted. */
export abstract class Supervision {
  limits: Limits;
  /** What the next starts of a child come to; then `ok`. */
  readonly outcomes: Map<string, Outcome[]> = new Map();
  trace: string[] = [];
  now = 0;
  /** Why it is dead. */
  over: string | undefined;
  #restarts: readonly number[] = [];
  readonly #runs = new Map<string, number>();
  readonly queue: (() => void)[] = [];

  constructor(limits: Limits) {
    this.limits = limits;
  }

  /** Ends of children and requests that come all at once; the answers. */
  abstract does(items: readonly (End | Request)[]): string[];
  /** It is told to end, or ends by itself. */
  abstract end(reason: string): void;
  /** As `whichChildren`. */
  abstract get which(): string;
  /** As `countChildren`: specs/active/supervisors/workers. */
  abstract get count(): string;
  abstract get living(): readonly string[];
  /** Whether it stops its children all at once. */
  readonly atOnce: boolean = false;
  /** Whether one of its children never goes by itself. */
  abstract get stubborn(): boolean;

  note(text: string): void {
    this.trace.push(`${this.now} ${text}`);
  }

  report(context: string, { plan }: Child, reason: string): void {
    this.note(`!${context} ${plan.id} ${reason}`);
  }

  /** Starts it; a failure is its reason. */
  run(child: Child): { readonly failed: string } | 'ok' | 'ignore' {
    const { id, startup, style } = child.plan;
    const outcome = this.outcomes.get(id)?.shift() ?? 'ok';
    this.now += startup;
    if (outcome === 'error' || outcome === 'crash') {
      this.note(`+${id} ${outcome}`);
      return { failed: outcome === 'error' ? 'nope' : 'bad' };
    }
    child.retry = undefined;
    if (outcome === 'ignore') this.note(`+${id} ignore`);
    else {
      const run = (this.#runs.get(id) ?? 0) + 1;
      this.#runs.set(id, run);
      child.life = { name: `${id}#${run}`, style, reason: undefined };
      this.note(`+${child.life.name}`);
    }
    return outcome;
  }

  dies(life: Life, reason: string): void {
    life.reason = reason;
    this.note(`-${life.name} ${reason}`);
  }

  /** When a child that is told to end now has gone, and why. */
  going({ life, plan: { shutdown } }: Child): { readonly at: number; readonly reason: string } {
    const style = life?.style;
    if (life?.reason !== undefined) return { at: this.now, reason: life.reason };
    if (shutdown === 'brutalKill') return { at: this.now, reason: 'killed' };
    if (style === 'refuse') return { at: this.now, reason: 'rather not' };
    const needs = style === 'stubborn' ? Infinity : style === 'linger' ? LINGER : 0;
    return needs < shutdown
      ? { at: this.now + needs, reason: 'shutdown' }
      : { at: this.now + shutdown, reason: 'killed' };
  }

  /** Whether a child told to end should not have gone for this reason. */
  bad({ plan: { shutdown, restart } }: Child, reason: string): boolean {
    if (reason === (shutdown === 'brutalKill' ? 'killed' : 'shutdown')) return false;
    return restart === 'permanent' || !orderly(reason);
  }

  /** A restart is due now; false when it is one too many. The window has both its edges. */
  allowed(): boolean {
    const since = this.now - this.limits.period;
    this.#restarts = [...this.#restarts.filter((at) => at >= since), this.now];
    return this.#restarts.length <= this.limits.intensity;
  }

  restarts({ restart }: ChildPlan, reason: string): boolean {
    return restart === 'permanent' || (restart === 'transient' && !orderly(reason));
  }

  /** Tries again what failed, in its turn. */
  tryAgain(child: Child, restart: () => void): void {
    const ticket = {};
    child.retry = ticket;
    this.queue.push(() => {
      if (child.retry === ticket) restart();
    });
  }

  /**
   * All at once: children end, requests arrive; then it hears of them one by one. Gives the answers.
   * @param arrives what it will answer when it comes to that
   */
  burst(
    items: readonly (End | Request)[],
    end: (end: End) => string,
    arrives: (request: Request) => () => string,
  ): string[] {
    const answers: (string | undefined)[] = [];
    for (const [n, item] of items.entries()) {
      if (item.tag === 'end') answers[n] = end(item);
      else {
        const answer = arrives(item);
        answers[n] = undefined;
        this.queue.push(() => {
          answers[n] = answer();
        });
      }
    }
    while (this.over === undefined && this.queue.length > 0) this.queue.shift()?.();
    return answers.map((each) => each ?? `error ${this.over}`);
  }
}
