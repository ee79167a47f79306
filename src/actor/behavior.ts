/**
 * What the kernel needs to know of a process's code. GenServer, Supervisor, Task and the xstate host each
 * make one; user code does not.
 */
import type { ExitReason } from './exit-reason.ts';
import type { Kind } from './mailbox.ts';
import type { Process } from './process.ts';

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
}
