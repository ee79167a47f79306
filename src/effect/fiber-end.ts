/**
 * What the end of a fiber means to an actor. Pure.
 *
 * Of several failures the first typed one counts, then the first defect; a fiber that was only interrupted is
 * `interrupted`. A defect that `exit(reason)` threw is that reason.
 */
import type * as EffectExit from 'effect/Exit';
import { thrownReason, type ExitReason } from '../actor/exit-reason.ts';

export type FiberEnd<A = unknown> =
  | { readonly tag: 'done'; readonly value: A }
  /** `declared`: a typed failure, not a defect. */
  | { readonly tag: 'failed'; readonly reason: ExitReason; readonly declared: boolean }
  | { readonly tag: 'interrupted' };

export function endOf<A>(exit: EffectExit.Exit<A, unknown>): FiberEnd<A> {
  if (exit._tag === 'Success') return { tag: 'done', value: exit.value };
  const { reasons } = exit.cause;
  for (const reason of reasons)
    if (reason._tag === 'Fail') return { tag: 'failed', reason: reason.error, declared: true };
  for (const reason of reasons)
    if (reason._tag === 'Die') return { tag: 'failed', reason: thrownReason(reason.defect), declared: false };
  return { tag: 'interrupted' };
}
