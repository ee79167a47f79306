/**
 * Messages of the runtime itself: they travel in the urgent lane, before any user message.
 */
import type { ExitReason } from '../actor/exit-reason.ts';

/** Runs `handleContinue` before any queued message. */
export class Continue {
  readonly value: unknown;
  constructor(value: unknown) {
    this.value = value;
  }
}

/** Ends a process as if told by its parent. */
export class StopRequest {
  readonly reason: ExitReason;
  constructor(reason: ExitReason) {
    this.reason = reason;
  }
}
