/**
 * What is begun with a promise and ended with another, as a resource of a scope.
 *
 * An interrupted beginning is given up by its signal; one that had succeeded just before is ended again, so that
 * nothing is left either way.
 */
import * as Effect from 'effect/Effect';
import type * as Scope from 'effect/Scope';

/**
 * @param failure the typed failure for what `begin` rejected with; undefined makes it a defect.
 * @param end must not reject.
 */
export function resource<A, E>(
  begin: (signal: AbortSignal) => Promise<A>,
  failure: (error: unknown) => E | undefined,
  end: (resource: A) => Promise<void>,
): Effect.Effect<A, E, Scope.Scope> {
  const acquire = Effect.callback<A, E>((resume) => {
    const patience = new AbortController();
    const beginning = begin(patience.signal);
    beginning.then(
      (value) => {
        resume(Effect.succeed(value));
      },
      (error: unknown) => {
        const failed = failure(error);
        resume(failed === undefined ? Effect.die(error) : Effect.fail(failed));
      },
    );
    return Effect.promise(async () => {
      patience.abort('interrupted');
      await beginning.then(end, () => undefined);
    });
  });
  return Effect.acquireRelease(acquire, (value) => Effect.promise(() => end(value)), { interruptible: true });
}
