/**
 * What a dynamic supervisor is told to be (OTP T1, and `simple_one_for_one` with a template, S17).
 */
import { checkSpec, type CheckedSpec, type ChildSpec } from './child-spec.ts';
import type { RestartLimit } from './restart-intensity.ts';
import { SpecError } from './spec-error.ts';
import type { AutoShutdown } from './strategy.ts';
import { checkOptions, type Init } from './supervisor-spec.ts';

/** What a dynamic supervisor is: limits, and what all of its children have in common. Its strategy is `oneForOne`. */
export interface DynamicSupervisorSpec {
  /** Children at most; more: `{ error: max_children }`. Default Infinity. */
  readonly maxChildren?: number | undefined;
  /** Restarts allowed within `period`. Default 1. */
  readonly intensity?: number | undefined;
  /** Milliseconds. Default 5,000. */
  readonly period?: number | undefined;
  /** Whether the end of a significant child ends it with `shutdown`: of the first, of the last. Default `never`. */
  readonly autoShutdown?: AutoShutdown | undefined;
  /** Given to every child's `start` after the parent and before its own arguments. Default nothing. */
  readonly extraArguments?: readonly unknown[] | undefined;
  /**
   * All children are made of this one: `startChild` takes arguments, which come after the template's own.
   * Erlang's `simple_one_for_one`.
   */
  readonly template?: ChildSpec | undefined;
}

/** A specification, or a function that gives one, or `ignore`, at each start. */
export type DynamicSupervisorInit = Init<DynamicSupervisorSpec>;

export interface CheckedDynamic {
  readonly maxChildren: number;
  readonly autoShutdown: AutoShutdown;
  readonly limit: RestartLimit;
  readonly extraArguments: readonly unknown[];
  readonly template: CheckedSpec | undefined;
}

/** Fills in the defaults. Throws a `SpecError`. */
export function checkDynamic(spec: DynamicSupervisorSpec): CheckedDynamic {
  const { autoShutdown, limit } = checkOptions(spec);
  const { maxChildren = Infinity, extraArguments = [] } = spec;
  if (!(maxChildren === Infinity || (Number.isInteger(maxChildren) && maxChildren >= 0)))
    throw refused({ invalid_max_children: maxChildren }, 'maxChildren must be an integer ≥ 0 or Infinity');
  if (!Array.isArray(extraArguments))
    throw refused({ invalid_extra_arguments: extraArguments }, 'extraArguments must be an array');
  const template =
    'template' in spec && spec.template !== undefined
      ? checkSpec(spec.template, { part: 'start_spec', autoShutdown })
      : undefined;
  return { maxChildren, autoShutdown, limit, extraArguments, template };
}

const refused = (reason: Readonly<Record<string, unknown>>, message: string): SpecError =>
  new SpecError('supervisor_data', reason, `dynamic supervisor: ${message}`);
