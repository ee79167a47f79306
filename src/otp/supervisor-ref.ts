/**
 * How others manage a supervisor's children.
 */
import type { Pid } from '../actor/pid.ts';
import type { CheckedSpec, ChildCount, ChildInfo, ChildSpec } from './child-spec.ts';
import { ExitError, StartError } from './errors.ts';
import { TreeRef } from './process-ref.ts';
import { ask, type CallOptions } from './server-ref.ts';
import type { SupervisorInit } from './supervisor-spec.ts';
import type { ChildAnswer, SpecAnswer, SupervisorRequest } from './supervisor-requests.ts';

/** A child that was started; `pid` is undefined when its start gave `ignore`, `extra` is what it gave beside. */
export interface StartedChild {
  readonly pid: Pid | undefined;
  readonly extra?: unknown;
}

/**
 * How others use a supervisor. All but `stop` take `CallOptions` (`timeout` by default without limit, as in OTP) and
 * reject with `ExitError` as a server's `call` does, `noproc` when it does not run.
 */
export class SupervisorRef extends TreeRef {
  /**
   * Starts one more child, last in order. Undefined when its start gave `ignore`. Throws `StartError`:
   * `{ already_started: pid }`, `already_present`, a `SpecError`, or what its start failed with.
   */
  async startChild(spec: ChildSpec, options?: CallOptions): Promise<Pid | undefined> {
    return (await this.startChildWithExtra(spec, options)).pid;
  }

  /** As `startChild`, with what the start gave beside the pid. */
  async startChildWithExtra(spec: ChildSpec, options?: CallOptions): Promise<StartedChild> {
    const answer = (await this.#ask({ tag: 'startChild', spec }, options)) as ChildAnswer;
    if (answer.tag === 'error') throw new StartError(nameOf(spec), answer.reason);
    return started(answer);
  }

  /** Stops a child; its specification stays (unless temporary). Throws `ExitError` `not_found`. */
  async terminateChild(id: string, options?: CallOptions): Promise<void> {
    orThrow(id, (await this.#ask({ tag: 'terminateChild', id }, options)) as ChildAnswer);
  }

  /** Starts a stopped child again. Throws `ExitError`: `not_found`, `running`, `restarting`, or its failure. */
  async restartChild(id: string, options?: CallOptions): Promise<Pid | undefined> {
    return (await this.restartChildWithExtra(id, options)).pid;
  }

  /** As `restartChild`, with what the start gave beside the pid. */
  async restartChildWithExtra(id: string, options?: CallOptions): Promise<StartedChild> {
    return started(orThrow(id, (await this.#ask({ tag: 'restartChild', id }, options)) as ChildAnswer));
  }

  /** Forgets a stopped child. Throws `ExitError`: `not_found`, `running`, `restarting`. */
  async deleteChild(id: string, options?: CallOptions): Promise<void> {
    orThrow(id, (await this.#ask({ tag: 'deleteChild', id }, options)) as ChildAnswer);
  }

  /** A child's specification with its defaults; a temporary child's without what starts it. Throws `ExitError` `not_found`. */
  async getChildSpec(id: string, options?: CallOptions): Promise<CheckedSpec> {
    return orThrow(id, (await this.#ask({ tag: 'getChildSpec', id }, options)) as SpecAnswer).spec;
  }

  /** Children in reverse start order. */
  async whichChildren(options?: CallOptions): Promise<readonly ChildInfo[]> {
    return (await this.#ask({ tag: 'whichChildren' }, options)) as readonly ChildInfo[];
  }

  /** How many specifications there are, and what became of them; see `ChildCount`. */
  async countChildren(options?: CallOptions): Promise<ChildCount> {
    return (await this.#ask({ tag: 'countChildren' }, options)) as ChildCount;
  }

  /** What the supervisor was started with: the object or function itself. */
  async definition(options?: CallOptions): Promise<SupervisorInit> {
    return (await this.#ask({ tag: 'definition' }, options)) as SupervisorInit;
  }

  /**
   * Changes options and specifications while it runs: without `init` its own function is asked anew. Running
   * children keep their processes, new ones are not started, those not named stay, last in order. Throws
   * `ExitError` with a `SpecError`, or what the function failed with; then nothing has changed.
   */
  async update(init?: SupervisorInit, options?: CallOptions): Promise<void> {
    orThrow('update', (await this.#ask({ tag: 'update', init }, options)) as ChildAnswer);
  }

  #ask(message: SupervisorRequest, options: CallOptions | undefined): Promise<unknown> {
    return ask(this, message, options);
  }
}

/** The answer, unless it is an error. For the references of this folder. */
export function orThrow<Answer extends { readonly tag: 'ok' }>(
  id: string,
  answer: Answer | { readonly tag: 'error'; readonly reason: unknown },
): Answer {
  if (answer.tag === 'error') throw new ExitError(id, answer.reason);
  return answer;
}

/** What to call a child whose specification may be anything. */
export function nameOf(spec: unknown): string {
  const id = typeof spec === 'object' && spec !== null && 'id' in spec ? spec.id : undefined;
  return typeof id === 'string' && id !== '' ? id : 'child';
}

/** What a caller is told of a child that was started. */
export function started(answer: StartedChild): StartedChild {
  return 'extra' in answer ? { pid: answer.pid, extra: answer.extra } : { pid: answer.pid };
}
