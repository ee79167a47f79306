/**
 * Messages of the runtime itself: they travel in the urgent lane, before any user message.
 */
import type { Work } from '../actor/delivery.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import type { Process } from '../actor/process.ts';

/** Runs `handleContinue` before any queued message. */
export class Continue {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** Ends a process as if told by its parent: `terminate` runs. Behaviors never see it. */
export class StopRequest implements Work {
  readonly reason: ExitReason;
  constructor(reason: ExitReason) {
    this.reason = reason;
  }
  run(self: Process): void {
    self.runtime.stop(self, this.reason);
  }
}

/** Has a suspended server go on as another version of itself. */
export class CodeChange {
  /** The definition from now on; undefined: the same. */
  readonly server: unknown;
  readonly from: unknown;
  readonly extra: unknown;
  constructor(server: unknown, from: unknown, extra: unknown) {
    this.server = server;
    this.from = from;
    this.extra = extra;
  }
}
