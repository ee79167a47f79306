/**
 * A supervisor in as few words as OTP §1.3 needs.
 */
import { reasonOf, textOf } from '../differential/text.ts';
import {
  newChild,
  orderly,
  Supervision,
  type Child,
  type ChildPlan,
  type End,
  type Request,
  type TreePlan,
} from './supervision-model.ts';

export class SupervisorModel extends Supervision {
  plan: TreePlan;
  children: Child[] = [];

  constructor(plan: TreePlan) {
    super(plan);
    this.plan = plan;
  }

  start(): string {
    for (const plan of this.plan.children) {
      const child = newChild(plan);
      const outcome = this.run(child);
      if (typeof outcome === 'object') {
        this.report('start_error', child, outcome.failed);
        for (const started of this.children.toReversed()) this.#stop(started);
        this.over = `{shutdown failed ${plan.id} ${outcome.failed}}`;
        return `error ${this.over}`;
      }
      if (outcome === 'ok' || plan.restart !== 'temporary') this.children.push(child);
    }
    return 'ok';
  }

  end(reason: string): void {
    for (const child of this.children.toReversed()) this.#stop(child);
    this.note(`-root ${reason}`);
    this.over = reason;
  }

  does(items: readonly (End | Request)[]): string[] {
    return this.burst(
      items,
      ({ id, reason }) => {
        const child = this.#child(id);
        const life = child?.life;
        if (child === undefined || life === undefined || life.reason !== undefined) return 'none';
        this.dies(life, reason === 'kill' ? 'killed' : textOf(reasonOf(reason)));
        this.queue.push(() => {
          if (this.children.includes(child) && child.life === life) this.#ended(child, life.reason as string);
        });
        return 'done';
      },
      (request) => () => this.#answer(request),
    );
  }

  /** In reverse start order. */
  get which(): string {
    const shown = ({ plan: { id }, life, retry }: Child): string =>
      retry !== undefined ? `${id}?` : (life?.name ?? `${id}-`);
    return this.children.toReversed().map(shown).join(' ');
  }

  get living(): string[] {
    return this.children.flatMap(({ life }) =>
      life !== undefined && life.reason === undefined ? [life.name] : [],
    );
  }

  get count(): string {
    const supervisors = this.children.filter(({ plan }) => plan.style === 'branch').length;
    const specs = this.children.length;
    return `${specs}/${this.living.length}/${supervisors}/${specs - supervisors}`;
  }

  get stubborn(): boolean {
    return this.children.some(({ life }) => life?.style === 'stubborn');
  }

  #child(id: string): Child | undefined {
    return this.children.find(({ plan }) => plan.id === id);
  }

  #forget(child: Child): void {
    this.children = this.children.filter((other) => other !== child);
  }

  #stop(child: Child): void {
    const { life } = child;
    if (life !== undefined) {
      const { at, reason } = this.going(child);
      this.now = at;
      if (life.reason === undefined) this.dies(life, reason);
      if (this.bad(child, reason)) this.report('shutdown_error', child, reason);
    }
    child.life = undefined;
    child.retry = undefined;
  }

  #ended(child: Child, reason: string): void {
    const { restart, significant } = child.plan;
    const { auto } = this.plan;
    child.life = undefined;
    if (restart === 'permanent' || !orderly(reason)) this.report('child_terminated', child, reason);
    if (this.restarts(child.plan, reason)) {
      this.#restart(child);
      return;
    }
    if (restart === 'temporary') this.#forget(child);
    if (!significant || auto === 'never') return;
    const left = this.children.some(
      ({ plan, life, retry }) => plan.significant && (life !== undefined || retry !== undefined),
    );
    if (auto === 'anySignificant' || !left) this.end('shutdown');
  }

  #restart(child: Child): void {
    if (!this.allowed()) {
      this.report('shutdown', child, 'reached_max_restart_intensity');
      this.end('shutdown');
      return;
    }
    const { strategy } = this.plan;
    const from = strategy === 'oneForAll' ? 0 : this.children.indexOf(child);
    const group = strategy === 'oneForOne' ? [child] : this.children.slice(from);
    for (const member of group.toReversed()) this.#stop(member);
    for (const member of group) if (member.plan.restart === 'temporary') this.#forget(member);
    for (const member of group) {
      if (member.plan.restart === 'temporary') continue;
      const outcome = this.run(member);
      if (typeof outcome === 'string') continue;
      this.report('start_error', member, outcome.failed);
      this.tryAgain(member, () => this.#restart(member));
      return;
    }
  }

  #answer(request: Request): string {
    if (request.tag === 'which') return this.which;
    if (request.tag === 'count') return this.count;
    if (request.tag === 'start') return this.#start(request.child);
    if (request.tag === 'update') return this.#update(request.tree);
    const child = this.#child(request.id);
    if (child === undefined) return 'error not_found';
    if (request.tag === 'terminate') {
      this.#stop(child);
      if (child.plan.restart === 'temporary') this.#forget(child);
      return 'ok';
    }
    if (child.life !== undefined) return 'error running';
    if (child.retry !== undefined) return 'error restarting';
    if (request.tag === 'delete') {
      this.#forget(child);
      return 'ok';
    }
    return this.#said(child);
  }

  /** Nothing starts or stops: the new list in its order, then those it does not name. */
  #update(tree: TreePlan): string {
    this.plan = this.limits = tree;
    const named = tree.children.map((plan) =>
      Object.assign(this.#child(plan.id) ?? newChild(plan), { plan }),
    );
    this.children = [...named, ...this.children.filter((child) => !named.includes(child))];
    return 'ok';
  }

  #start(plan: ChildPlan): string {
    if (plan.significant && this.plan.auto === 'never') return 'error bad_combination';
    const known = this.#child(plan.id);
    if (known?.life !== undefined) return `error already_started ${known.life.name}`;
    if (known !== undefined) return 'error already_present';
    const child = newChild(plan);
    return this.#said(child, (outcome) => {
      if (outcome === 'ok' || plan.restart !== 'temporary') this.children.push(child);
    });
  }

  #said(child: Child, kept: (outcome: 'ok' | 'ignore') => void = () => undefined): string {
    const outcome = this.run(child);
    if (typeof outcome === 'object') return `error ${outcome.failed}`;
    kept(outcome);
    return outcome === 'ok' ? `ok ${child.life?.name}` : 'ok';
  }
}
