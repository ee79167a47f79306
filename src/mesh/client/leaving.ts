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
  drain(timeout: number): Promise<void>;
  end(): Promise<void>;
}

/** What `promise` gives within `timeout` ms, else `otherwise`. */
export function within<T, U>(
  clock: Clock,
  timeout: number,
  promise: Promise<T>,
  otherwise: U,
): Promise<T | U> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(timeout, () => resolve(otherwise));
    promise.then(
      (value) => {
        clock.clear(timer);
        resolve(value);
      },
      (error: unknown) => {
        clock.clear(timer);
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
): Promise<void> {
  await within(clock, timeout, Promise.all([...calls].map((call) => call.over())).then(ignore), undefined);
}

/** Waits until these processes have ended by themselves, then ends the rest. */
export async function finished(processes: readonly Process[], timeout: number): Promise<void> {
  const [first] = processes;
  if (first === undefined) return;
  const { runtime } = first;
  const ends = processes.map(
    (process) => new Promise<unknown>((resolve) => runtime.onExit(process, resolve)),
  );
  await within(runtime.clock, timeout, Promise.all(ends).then(ignore), undefined);
  for (const process of processes) requestStop(process, 'shutdown');
}

const ignore = (): void => {};
