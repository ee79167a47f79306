/**
 * A dynamic supervisor in as few words as OTP §1.3 and §1.4 need: children without ids of their own, known by the pid they have
 * or had before their restart, stopped all at once.
 */
import { reasonOf, textOf } from '../differential/text.ts';
import {
  newChild,
  orderly,
  Supervision,
  type Child,
  type ChildPlan,
  type End,
  type Life,
  type Limits,
  type Request,
} from './supervision-model.ts';

export interface DynamicPlan extends Limits {
  readonly maxChildren: number;
  /** What all its children are made of, but for their names; undefined: each has a specification. */
  readonly template: ChildPlan | undefined;
}

/** Who is told to end, and by which process it is known. */
interface Member extends Child {
  known: Life | undefined;
}

export class DynamicModel extends Supervision {
  readonly plan: DynamicPlan;
  override readonly atOnce: boolean = true;
  /** Those that run, or ended unheard, in start order. */
  #running: Member[] = [];
  #restarting: Member[] = [];
  readonly #newest = new Map<string, Life>();

  constructor(plan: DynamicPlan) {
    super(plan);
    this.plan = plan;
  }

  does(items: readonly (End | Request)[]): string[] {
    return this.burst(
      items,
      ({ id, reason }) => {
        const life = this.#newest.get(id);
        const child = this.#running.find((each) => each.life === life);
        if (child === undefined || life === undefined || life.reason !== undefined) return 'none';
        this.dies(life, reason === 'kill' ? 'killed' : textOf(reasonOf(reason)));
        this.queue.push(() => {
          if (this.#running.includes(child) && child.life === life) this.#ended(child, life.reason as string);
        });
        return 'done';
      },
      (request) => {
        // a pid is spoken of, and who has that pid is known when it is said
        const life = request.tag === 'terminate' ? this.#newest.get(request.id) : undefined;
        return () => this.#answer(request, life);
      },
    );
  }

  start(): string {
    return 'ok';
  }

  /** All are told at once, each has its own time; one report a reason. */
  end(reason: string): void {
    const bad = new Set<string>();
    const start = this.now;
    let last = start;
    for (const child of this.#running) {
      this.now = start;
      const { life } = child;
      const going = this.going(child);
      this.now = going.at;
      last = Math.max(last, going.at);
      if (life?.reason === undefined) this.dies(life as Life, going.reason);
      if (this.bad(child, going.reason)) bad.add(going.reason);
    }
    this.now = last;
    for (const each of bad) this.note(`!shutdown_error * ${each}`);
    this.note(`-root ${reason}`);
    this.over = reason;
    this.#running = [];
  }

  /** Those being restarted, then those that run, the newest first. */
  get which(): string {
    return [...this.#restarting.map(() => '?'), ...this.#running.map(({ life }) => life?.name)]
      .toReversed()
      .join(' ');
  }

  get count(): string {
    const all = [...this.#restarting, ...this.#running];
    const supervisors = all.filter(({ plan }) => plan.style === 'branch').length;
    const specs = this.plan.template === undefined ? all.length : 1;
    return `${specs}/${this.#running.length}/${supervisors}/${all.length - supervisors}`;
  }

  get living(): string[] {
    return this.#running.flatMap(({ life }) => (life?.reason === undefined ? [life?.name as string] : []));
  }

  get stubborn(): boolean {
    return this.#running.some(({ life }) => life?.style === 'stubborn');
  }

  override report(context: string, { plan }: Child, reason: string): void {
    const id = context === 'shutdown_error' ? '*' : (this.plan.template ?? plan).id;
    this.note(`!${context} ${id} ${reason}`);
  }

  #forget(child: Member): void {
    this.#running = this.#running.filter((other) => other !== child);
    this.#restarting = this.#restarting.filter((other) => other !== child);
    child.retry = undefined;
  }

  /** It runs from now on. */
  #runs(child: Member): void {
    this.#forget(child);
    this.#running.push(child);
    child.known = child.life;
    this.#newest.set(child.plan.id, child.life as Life);
  }

  #ended(child: Member, reason: string): void {
    const { restart, significant } = child.plan;
    const { auto } = this.plan;
    child.life = undefined;
    if (restart === 'permanent' || !orderly(reason)) this.report('child_terminated', child, reason);
    if (this.restarts(child.plan, reason)) {
      this.#restart(child);
      return;
    }
    this.#forget(child);
    if (!significant || auto === 'never') return;
    const left = [...this.#running, ...this.#restarting].some(({ plan }) => plan.significant);
    if (auto === 'anySignificant' || !left) this.end('shutdown');
  }

  #restart(child: Member): void {
    this.#running = this.#running.filter((other) => other !== child);
    if (!this.allowed()) {
      this.report('shutdown', child, 'reached_max_restart_intensity');
      this.end('shutdown');
      return;
    }
    const outcome = this.run(child);
    if (outcome === 'ok') this.#runs(child);
    else if (outcome === 'ignore') this.#forget(child);
    else {
      if (!this.#restarting.includes(child)) this.#restarting.push(child);
      this.report('start_error', child, outcome.failed);
      this.tryAgain(child, () => this.#restart(child));
    }
  }

  #answer(request: Request, life: Life | undefined): string {
    switch (request.tag) {
      case 'which':
        return this.which.split(' ').toSorted().join(' ');
      case 'count':
        return this.count;
      case 'start':
        return this.#start(request.child);
      case 'terminate':
        return this.#terminate(request.id, life);
      default:
        return 'error simple_one_for_one';
    }
  }

  #start(plan: ChildPlan): string {
    const { template, maxChildren } = this.plan;
    if (this.#running.length + this.#restarting.length >= maxChildren) return 'error max_children';
    const child: Member = {
      ...newChild(template === undefined ? plan : { ...template, id: plan.id }),
      known: undefined,
    };
    const outcome = this.run(child);
    if (typeof outcome === 'object') return `error ${outcome.failed}`;
    if (outcome === 'ignore') return 'ok';
    this.#runs(child);
    return `ok ${child.life?.name}`;
  }

  #terminate(id: string, life: Life | undefined): string {
    if (id === 'root') return 'error not_found';
    if (life === undefined) return 'none';
    const child = [...this.#running, ...this.#restarting].find(({ known }) => known === life);
    if (child === undefined) return 'ok';
    this.#forget(child);
    if (child.life === undefined) return 'ok';
    const { at, reason } = this.going(child);
    this.now = at;
    if (life.reason === undefined) this.dies(life, reason);
    if (this.bad(child, reason)) this.report('shutdown_error', child, reason);
    child.life = undefined;
    return 'ok';
  }
}
