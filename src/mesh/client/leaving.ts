/**
 * Waiting, for so long and no longer, for what is under way to end.
 */
import type { Clock } from '../../actor/clock.ts';
import type { Process } from '../../actor/process.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { requestStop } from '../../otp/stop.ts';
import type { OpenCall } from '../context.ts';

/** What lies behind a client and ends with it. */
export interface Behind {
  /** Calls that a client of this kind waits for when it leaves: its own, or all of its node. */
  readonly calls?: Iterable<OpenCall>;
  /** Nothing new begins from now on. */
  begin(): void;
  /** Lets connections finish what is in flight. */
  drain(timeout: number, hurry: AbortSignal): Promise<void>;
  /**
   * @param left milliseconds that the user's own children may take; undefined: what their `shutdown` says.
   * @param hurry ends the waiting for them at once.
   */
  end(left: number | undefined, hurry: AbortSignal): Promise<void>;
}

/** What `promise` gives within `timeout` ms and before `hurry` is aborted, else `otherwise`. */
export function within<T, U>(
  clock: Clock,
  timeout: number,
  promise: Promise<T>,
  otherwise: U,
  hurry?: AbortSignal,
): Promise<T | U> {
  return new Promise((resolve, reject) => {
    const end = (): void => {
      clock.clear(timer);
      hurry?.removeEventListener('abort', giveUp);
    };
    const giveUp = (): void => {
      end();
      resolve(otherwise);
    };
    const timer = clock.setTimer(timeout, giveUp);
    if (hurry?.aborted === true) giveUp();
    else hurry?.addEventListener('abort', giveUp);
    promise.then(
      (value) => {
        end();
        resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error as Error);
      },
    );
  });
}

/** Waits until these calls have ended; those that begin later do not count. */
export async function allSettled(
  { clock }: Runtime,
  calls: Iterable<OpenCall>,
  timeout: number,
  hurry: AbortSignal,
): Promise<void> {
  const all = Promise.all([...calls].map((call) => call.over())).then(ignore);
  await within(clock, timeout, all, undefined, hurry);
}

/** Waits until these processes have ended by themselves, then ends the rest. */
export async function finished(
  processes: readonly Process[],
  timeout: number,
  hurry: AbortSignal,
): Promise<void> {
  const [first] = processes;
  if (first === undefined) return;
  const { runtime } = first;
  const ends = processes.map(
    (process) => new Promise<unknown>((resolve) => runtime.onExit(process, resolve)),
  );
  await within(runtime.clock, timeout, Promise.all(ends).then(ignore), undefined, hurry);
  for (const process of processes) requestStop(process, 'shutdown');
}

const ignore = (): void => {};
