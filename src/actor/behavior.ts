/**
 * What the kernel needs to know of a process's code. GenServer, Supervisor, Task and the xstate host each
 * make one; user code does not.
 */
import type { ExitReason } from './exit-reason.ts';
import type { Kind } from './mailbox.ts';
import type { Process } from './process.ts';

/**
 * What a report or a status shows of a process; `formatStatus` takes and gives one. The state is undefined where there
 * is none: after a start that failed, after an exit signal. A value that a callback returned by mistake, which is most
 * often the state, is given as a state too.
 */
export interface StatusParts {
  readonly state: unknown;
  /** In reports: why it ended, and the message it was handling. */
  readonly reason?: ExitReason;
  readonly message?: unknown;
  /** The last events, while `sys.log` is on. */
  readonly log?: readonly unknown[];
}

/** What a process was doing when it failed; kept for its reports. */
export interface Failure {
  /** `exit`: a reason of its own choice. `error`: something was thrown. */
  readonly class: 'error' | 'exit';
  /** Undefined when no message was being handled. */
  readonly message: { readonly kind: Kind; readonly body: unknown } | undefined;
}

export interface Behavior {
  /** What kind of process this is, for the inspector: `GenServer`, `Supervisor`, `Task`, … */
  readonly type: string;
  /** The definition it runs, for the inspector. Default: the type. */
  readonly module?: string;
  /**
   * Handles one message. A returned promise parks the process until it settles; a throw or a rejection
   * crashes it (OTP P18: throw is not return).
   */
  receive(kind: Kind, message: unknown, self: Process): void | PromiseLike<void>;
  /**
   * Cleans up, on a stop, a crash, or the parent's exit signal while trapping; never on `kill` or an untrapped
   * exit signal (OTP G14). The process still lives; its mailbox is no longer read.
   */
  terminate?(reason: ExitReason, self: Process): void | PromiseLike<void>;
  /**
   * True for supervisors. Told to end they do not wait for a start that may never end: not for their own
   * (`terminate` runs then too, for the children there are), not for that of a child. Default false.
   */
  readonly supervises?: boolean;
  /** What the inspector may show about this process's kind, without its state. */
  inspect?(self: Process): Readonly<Record<string, unknown>>;
  /** Its living children in the order in which they are shown. Default: as they were started. */
  childrenInOrder?(self: Process): readonly Process[];
  /** What its definition calls the handler of this message, for the inspector: a word of its code, not of the message. */
  handlerOf?(kind: Kind, message: unknown): string | undefined;
  /** What `sys` calls the state. Default: `Process.state`. */
  readState?(self: Process): unknown;
  /**
   * Gives it where it is not at hand: the process waits for that. A rejection is told to who asked.
   * Default: `readState`.
   */
  fetchState?(self: Process): Promise<unknown>;
  /** Replaces that state. Default: it is read only, unless `replaceable` says otherwise. */
  writeState?(self: Process, state: unknown): void;
  /** `Process.state` is what a user's code made: without `readState`, it may be replaced as it is. Default false. */
  readonly replaceable?: boolean;
  /** What of a status may be shown (OTP G19). Must not throw. Default: all of it. */
  formatStatus?(status: StatusParts, self: Process): StatusParts;
  /** What of its state its owner has said that anybody may see; undefined: nothing. Must not throw. Default: nothing. */
  ownView?(self: Process): unknown;
  /**
   * What of the reason it ends with crash and supervisor reports may show. Asked once, also after its end, and after a
   * start that failed: `Process.state` may be undefined. Must not throw. Default: all of it.
   */
  readonly formatReason?: ((reason: ExitReason, self: Process) => ExitReason) | undefined;
  /** Goes on as another version, while suspended; a throw leaves all as it was. Default: `undef`. */
  changeCode?(self: Process, change: unknown): void;
  /** `terminate` has run and the end is no orderly one: a report before the crash report, for listeners (OTP R3). */
  reportEnd?(reason: ExitReason, self: Process): void;
}
