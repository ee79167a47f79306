/**
 * What a specification is refused with (OTP §2.1: child_specs, sup_flags).
 */

/** `supervisor_data`: the supervisor's own options. `start_spec`: its children. `child_spec`: one child of its own. */
export type SpecPart = 'supervisor_data' | 'start_spec' | 'child_spec';

/** In OTP's words: `missing_id`, `{ invalid_shutdown: -1 }`, `{ bad_combination: [{ … }, { … }] }`, … */
export type SpecProblem = string | Readonly<Record<string, unknown>>;

/** A specification makes no sense; `message` says what it must be, `reason` is for programs. */
export class SpecError extends TypeError {
  override readonly name = 'SpecError';
  readonly part: SpecPart;
  readonly reason: SpecProblem;
  constructor(part: SpecPart, reason: SpecProblem, message: string) {
    super(message);
    this.part = part;
    this.reason = reason;
  }
}
