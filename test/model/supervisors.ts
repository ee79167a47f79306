/**
 * Both kinds of supervisors, as the commands speak to them.
 */
import type { Pid } from '../../src/actor/pid.ts';
import { startDynamicSupervisor, type DynamicSupervisorRef } from '../../src/otp/dynamic-supervisor.ts';
import { startSupervisor, type SupervisorRef, type SupervisorSpec } from '../../src/otp/supervisor.ts';
import type { DynamicPlan } from './dynamic-supervisor-model.ts';
import type { Request, TreePlan } from './supervision-model.ts';
import { SupervisorWorld } from './supervisor-world.ts';

export class RealSupervisor extends SupervisorWorld {
  readonly #plan: TreePlan;

  constructor(plan: TreePlan, seed: number) {
    super(seed);
    this.#plan = plan;
  }

  start(): Promise<string> {
    return this.started(startSupervisor(this.world.runtime, this.#specOf(this.#plan)));
  }

  #specOf({ auto, children, ...options }: TreePlan): SupervisorSpec {
    return { ...options, autoShutdown: auto, children: children.map((child) => this.spec(child)) };
  }

  override get ref(): SupervisorRef {
    return super.ref as SupervisorRef;
  }

  override async which(): Promise<string> {
    const children = await this.ref.whichChildren();
    return children
      .map(({ id, pid }) => (pid === undefined ? `${id}-` : pid === 'restarting' ? `${id}?` : this.name(pid)))
      .join(' ');
  }

  override ask(request: Request): Promise<unknown> {
    switch (request.tag) {
      case 'start':
        return this.ref.startChild(this.spec(request.child));
      case 'terminate':
        return this.ref.terminateChild(request.id);
      case 'restart':
        return this.ref.restartChild(request.id);
      case 'delete':
        return this.ref.deleteChild(request.id);
      case 'which':
        return this.which();
      case 'count':
        return this.count();
      case 'update':
        return this.ref.update(this.#specOf(request.tree));
    }
  }
}

export class RealDynamicSupervisor extends SupervisorWorld {
  readonly #plan: DynamicPlan;

  constructor(plan: DynamicPlan, seed: number) {
    super(seed);
    this.#plan = plan;
  }

  start(): Promise<string> {
    const { intensity, period, auto: autoShutdown, maxChildren, template } = this.#plan;
    const limits = { intensity, period, autoShutdown, maxChildren };
    if (template === undefined) return this.started(startDynamicSupervisor(this.world.runtime, limits));
    return this.started(
      startDynamicSupervisor(this.world.runtime, {
        ...limits,
        template: {
          ...this.spec(template),
          start: (parent, id: string) => this.spec({ ...template, id }).start(parent),
        },
      }),
    );
  }

  override get ref(): DynamicSupervisorRef {
    return super.ref as DynamicSupervisorRef;
  }

  /** Several that stop at once share a report, under the id of one of them. */
  override reported(context: string, id: string): string {
    return context === 'shutdown_error' ? '*' : id;
  }

  override async which(): Promise<string> {
    const children = await this.ref.whichChildren();
    return children.map(({ pid }) => (pid === 'restarting' ? '?' : this.name(pid))).join(' ');
  }

  override ask(request: Request): Promise<unknown> {
    switch (request.tag) {
      case 'start':
        return this.ref.startChild(
          this.#plan.template === undefined ? this.spec(request.child) : [request.child.id],
        );
      case 'terminate': {
        const process = this.newest(request.id);
        // nobody of this name ever ran: there is no pid to speak of
        return process === undefined ? this.count().then(() => 'none') : this.ref.terminateChild(process);
      }
      // what the types do not allow: there are no ids
      case 'restart':
      case 'delete':
        return this.ref.terminateChild(request.id as unknown as Pid);
      case 'which':
        return this.which().then((children) => children.split(' ').toSorted().join(' '));
      case 'count':
        return this.count();
      case 'update':
        throw new Error('not for dynamic supervisors');
    }
  }
}
