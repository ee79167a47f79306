/**
 * What a supervisor is told to be: its options and its children, judged before anything is started.
 */
import { thrownReason, type ExitReason } from '../actor/exit-reason.ts';
import { isObject } from './arguments.ts';
import { checkSpec, type CheckedSpec, type ChildSpec } from './child-spec.ts';
import { checkLimit, type RestartLimit } from './restart-intensity.ts';
import { Ignore } from './result.ts';
import { chain, type MaybePromise } from './sequence.ts';
import { SpecError, type SpecPart } from './spec-error.ts';
import type { AutoShutdown, Strategy } from './strategy.ts';

/** What a supervisor is: its children and when it gives up. Source: Erlang/OTP `supervisor`; OTP S1. */
export interface SupervisorSpec {
  /** Default `oneForOne`. */
  readonly strategy?: Strategy | undefined;
  /** Restarts allowed within `period`. Default 1. */
  readonly intensity?: number | undefined;
  /** Milliseconds. Default 5,000. */
  readonly period?: number | undefined;
  /** Whether the end of a significant child ends it with `shutdown`: of the first, of the last. Default `never`. */
  readonly autoShutdown?: AutoShutdown | undefined;
  /** In the order of their start; they are stopped in reverse. */
  readonly children: readonly ChildSpec[];
}

/** A specification, or what gives one at each start; `ignore` from it: the supervisor is not to run. */
export type Init<Spec> = Spec | (() => MaybePromise<Spec | Ignore>);
/** A specification, or a function that gives one, or `ignore`, at each start. */
export type SupervisorInit = Init<SupervisorSpec>;

export interface CheckedSupervisor {
  readonly strategy: Strategy;
  readonly autoShutdown: AutoShutdown;
  readonly limit: RestartLimit;
  readonly children: readonly CheckedSpec[];
}

/** Options of both kinds of supervisors. Throws a `SpecError`. */
export function checkOptions(spec: {
  readonly intensity?: number | undefined;
  readonly period?: number | undefined;
  readonly autoShutdown?: AutoShutdown | undefined;
}): { readonly autoShutdown: AutoShutdown; readonly limit: RestartLimit } {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec))
    throw new SpecError(
      'supervisor_data',
      { invalid_type: spec },
      'supervisor: its options must be an object',
    );
  const { autoShutdown = 'never' } = spec;
  if (!['never', 'anySignificant', 'allSignificant'].includes(autoShutdown))
    throw new SpecError(
      'supervisor_data',
      { invalid_auto_shutdown: autoShutdown },
      'supervisor: autoShutdown must be never, anySignificant or allSignificant',
    );
  return { autoShutdown, limit: checkLimit(spec) };
}

/** Fills in the defaults. Throws a `SpecError`. */
export function checkSupervisor(spec: SupervisorSpec): CheckedSupervisor {
  const options = checkOptions(spec);
  const { strategy = 'oneForOne' } = spec;
  if (!['oneForOne', 'oneForAll', 'restForOne'].includes(strategy))
    throw new SpecError(
      'supervisor_data',
      { invalid_strategy: strategy },
      'supervisor: strategy must be oneForOne, oneForAll or restForOne',
    );
  return { ...options, strategy, children: checkList(spec.children, options.autoShutdown, 'start_spec') };
}

function checkList(
  specs: readonly ChildSpec[],
  autoShutdown: AutoShutdown | undefined,
  part: SpecPart,
): readonly CheckedSpec[] {
  if (!Array.isArray(specs))
    throw new SpecError(part, { bad_start_spec: specs }, 'supervisor: children must be an array');
  const context = { part, ...(autoShutdown === undefined ? {} : { autoShutdown }) };
  const ids = new Set<string>();
  return Array.from(specs, (child: unknown, at) => {
    if (!isObject(child))
      throw new SpecError(
        part,
        'invalid_child_spec',
        `supervisor: child ${at + 1} of ${specs.length} must be a child specification, not ${String(child)}`,
      );
    const checked = checkSpec(child as ChildSpec, context);
    const { id } = checked;
    if (ids.has(id))
      throw new SpecError(part, { duplicate_child_name: id }, `supervisor: two children have the id ${id}`);
    ids.add(id);
    return checked;
  });
}

/**
 * What is wrong with a list of child specifications; undefined when nothing is. Starts nothing.
 * @param autoShutdown of the supervisor they are for; without it the two are not compared.
 */
export function checkChildSpecs(
  specs: readonly ChildSpec[],
  autoShutdown?: AutoShutdown,
): SpecError | undefined {
  try {
    checkList(specs, autoShutdown, 'child_spec');
    return undefined;
  } catch (error) {
    if (error instanceof SpecError) return error;
    throw error;
  }
}

/** What came of a specification. */
export type Judged<Checked> =
  | { readonly tag: 'ok'; readonly value: Checked }
  | { readonly tag: 'ignore' }
  | { readonly tag: 'error'; readonly reason: ExitReason };

/** Gets the specification, from its function when it is one, and judges it. Never throws. */
export function judged<Spec extends object, Checked>(
  init: Init<Spec>,
  check: (spec: Spec) => Checked,
): MaybePromise<Judged<Checked>> {
  const isFunction = typeof init === 'function';
  const judge = (given: Spec | Ignore): Judged<Checked> => {
    if (given instanceof Ignore) return { tag: 'ignore' };
    if (isFunction && (typeof given !== 'object' || given === null))
      return { tag: 'error', reason: { bad_return: given } };
    try {
      return { tag: 'ok', value: check(given) };
    } catch (error) {
      return failed(error);
    }
  };
  try {
    const given = isFunction ? init() : init;
    return given instanceof Promise ? given.then(judge).catch(failed) : chain(given, judge);
  } catch (error) {
    return failed(error);
  }
}

const failed = (error: unknown): { readonly tag: 'error'; readonly reason: ExitReason } => ({
  tag: 'error',
  reason: thrownReason(error),
});
