/**
 * Speaking to servers from an effect: calls with typed errors, casts, messages, and waiting for an end.
 *
 * ```ts
 * const total = yield* call(counter, 'add', 2).pipe(
 *   Effect.catchTag('CallTimeout', () => Effect.succeed(0)),
 * );
 * ```
 * A fiber that is interrupted while it waits gives its call up. It goes on in a turn of its own, never inside the
 * server's: servers that answer each other need no stack.
 */
import * as Context from 'effect/Context';
import * as Effect from 'effect/Effect';
import { PromiseCall } from '../actor/call.ts';
import type { ExitReason } from '../actor/exit-reason.ts';
import type { Pid } from '../actor/pid.ts';
import { Process } from '../actor/process.ts';
import { ExitError } from '../otp/errors.ts';
import type { ProcessRef } from '../otp/process-ref.ts';
import {
  CALL_TIMEOUT,
  Request,
  type Answer,
  type Protocol,
  type ServerRef,
  type WithPayload,
} from '../otp/server-ref.ts';
import { Actor } from './actor.ts';
import { callError, callingSelf, noConnection, noProc, type CallError } from './errors.ts';

export interface EffectCallOptions {
  /** Milliseconds of the runtime's clock, or Infinity. Default 5,000. */
  readonly timeout?: number | undefined;
}

/** Sends a request and waits for its answer. An invalid timeout is a defect (`RangeError`). */
export function call<Calls extends Protocol, Casts extends Protocol, Tag extends keyof Calls & string>(
  ref: ServerRef<Calls, Casts>,
  tag: Tag,
  ...[payload, options]: WithPayload<Calls[Tag], [options?: EffectCallOptions]>
): Effect.Effect<Answer<Calls[Tag]>, CallError> {
  const { timeout = CALL_TIMEOUT } = (options ?? {}) as EffectCallOptions;
  return Effect.withFiber((fiber) => {
    if (typeof timeout !== 'number' || !(timeout >= 0))
      return Effect.die(new RangeError('timeout must be milliseconds or Infinity'));
    const { runtime } = ref;
    const pid = pidOf(ref);
    if (pid === undefined) return Effect.fail(noProc(tag));
    if (pid === null) return Effect.fail(noConnection(tag));
    const caller = Context.getOrUndefined(fiber.context, Actor)?.self.pid;
    if (pid instanceof Process && (pid === caller || pid === runtime.scheduler.current))
      return Effect.fail(callingSelf(tag));
    return Effect.callback<Answer<Calls[Tag]>, CallError>((resume) => {
      const settle = (outcome: Effect.Effect<Answer<Calls[Tag]>, CallError>): void => {
        runtime.clock.soon(() => {
          resume(outcome);
        });
      };
      const waiting = new PromiseCall(
        new Request(tag, payload),
        (value) => settle(Effect.succeed(value as Answer<Calls[Tag]>)),
        (failure) => settle(Effect.fail(callError(tag, timeout, failure))),
      );
      runtime.call(pid, waiting, timeout);
      return Effect.sync(() => {
        waiting.cancel('interrupted');
      });
    });
  });
}

/** Sends a request without an answer. False when the mailbox is full; a dead server's is lost in silence. */
export function cast<Calls extends Protocol, Casts extends Protocol, Tag extends keyof Casts & string>(
  ref: ServerRef<Calls, Casts>,
  tag: Tag,
  ...payload: WithPayload<Casts[Tag], []>
): Effect.Effect<boolean> {
  return Effect.sync(() => ref.cast(tag, ...payload));
}

/** Sends a plain message. False when the mailbox is full. */
export const send = (ref: { send(message: unknown): boolean }, message: unknown): Effect.Effect<boolean> =>
  Effect.sync(() => ref.send(message));

/**
 * Waits until the process ends and gives its exit reason; `noproc` when it is not there, `noconnection` when its node
 * is out of reach.
 */
export const awaitExit = (ref: ProcessRef): Effect.Effect<ExitReason> =>
  Effect.callback((resume) => {
    const { runtime } = ref;
    const pid = pidOf(ref);
    if (pid === undefined || pid === null) {
      resume(Effect.succeed(pid === null ? 'noconnection' : 'noproc'));
      return undefined;
    }
    // told in the middle of the death: the fiber goes on after it
    const watch = runtime.onExit(pid, (reason) => {
      runtime.clock.soon(() => {
        resume(Effect.succeed(reason));
      });
    });
    return Effect.sync(() => {
      runtime.demonitor(watch);
    });
  });

/** Null when its node is out of reach. Throws what a broken table of names throws, which is a defect. */
function pidOf(ref: ProcessRef): Pid | undefined | null {
  try {
    return ref.pid;
  } catch (error) {
    if (error instanceof ExitError && error.reason === 'noconnection') return null;
    throw error;
  }
}
