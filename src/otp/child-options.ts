/**
 * What is said of a child beside what it runs, and the one place where a specification is made of it.
 */
import type { MailboxOptions } from '../actor/mailbox.ts';
import type { NameTable } from '../actor/names.ts';
import type { Self } from '../actor/process.ts';
import { refuse, wrongObject } from './arguments.ts';
import type { ChildSpec, ChildType } from './child-spec.ts';
import type { RestartDelay } from './restart-delay.ts';
import type { MaybePromise } from './sequence.ts';
import { wrongSettings } from './start-options.ts';
import type { ProcessOptions, StartResult } from './start.ts';
import type { Shutdown } from './stop.ts';
import type { Restart } from './strategy.ts';

/** Options of every child specification. */
export interface ChildOptions {
  /** Default `permanent`. */
  readonly restart?: Restart | undefined;
  /** Default 5,000 ms for workers, Infinity for supervisors. */
  readonly shutdown?: Shutdown | undefined;
  /** Its own end may end the supervisor; default false. */
  readonly significant?: boolean | undefined;
  /** How long each restart waits; an extension of OTP. Default: not at all. */
  readonly restartDelay?: RestartDelay | undefined;
  /** Registers the child here, so that its siblings find it across restarts. Default, where it has a name: the runtime's own. */
  readonly scope?: NameTable<unknown> | undefined;
  /** Its name in the scope. Default, where it has a scope: its id. */
  readonly name?: unknown;
  /** Its name in trees and logs. Default: its id. */
  readonly label?: string | undefined;
  /** Messages queued at most, or that and what happens to more of them. Default: the definition's, else 1,000, `reject`. */
  readonly mailbox?: number | MailboxOptions | undefined;
  /** Milliseconds for each start; then it has failed with `timeout`. Default none. */
  readonly timeout?: number | undefined;
}

/** Options of a child that is a server, a state machine or an agent. */
export interface ServerChildOptions extends ChildOptions {
  /** Instead of the definition's. */
  readonly trapExit?: boolean | undefined;
  /** Instead of the definition's. */
  readonly hibernateAfter?: number | undefined;
}

/** What each start of a child gets: made once. */
export interface ChildStart extends Omit<ProcessOptions, 'parent'> {
  readonly hibernateAfter?: number | undefined;
}

/**
 * A child specification.
 * @param start is called for the first start and for each restart, always with the same options. Throws a `TypeError`
 * for what makes no sense of the process and a `RangeError` for a duration or bound; what is the supervisor's own it judges
 * itself (`SpecError`).
 */
export function childOf(
  id: string,
  type: ChildType,
  options: ServerChildOptions,
  start: (parent: Self, options: ChildStart) => MaybePromise<StartResult>,
): ChildSpec {
  refuse(
    wrongObject(`child ${id}: options`, 'an object', options) ?? wrongSettings(options, `child ${id}: `),
  );
  const { scope, name, label, mailbox, timeout, trapExit, hibernateAfter, ...rest } = options;
  const each: ChildStart = {
    id,
    label,
    name: name === undefined && scope !== undefined ? id : name,
    scope,
    mailbox,
    timeout,
    trapExit,
    hibernateAfter,
  };
  return { id, ...rest, type, start: (parent) => start(parent, each) };
}
