/**
 * Waiting, as long as haste allows, for what is under way to end.
 */
import type { Process } from '../../actor/process.ts';
import { requestStop } from '../../otp/stop.ts';
import type { OpenCall } from '../context.ts';
import type { Haste } from './haste.ts';

/** What lies behind a client and ends with it. */
export interface Behind {
  /** Calls that a client of this kind waits for when it leaves: its own, or all of its node. */
  readonly calls?: Iterable<OpenCall>;
  /** Nothing new begins from now on. */
  begin(): void;
  /** Has the mesh forget what is served here, as far as that is quickly done. */
  retract?(haste: Haste): Promise<void>;
  /** Lets connections finish what is in flight. */
  drain(haste: Haste): Promise<void>;
  /** Ends everything, the user's own children first. */
  end(haste: Haste): Promise<void>;
}

/** Waits until these calls have ended; those that begin later do not count. */
export async function allSettled(calls: Iterable<OpenCall>, haste: Haste): Promise<void> {
  await haste.wait(Promise.all([...calls].map((call) => call.over())).then(ignore), undefined);
}

/** Waits until these processes have ended by themselves, then ends the rest. */
export async function finished(processes: readonly Process[], haste: Haste): Promise<void> {
  const ends = processes.map(
    (process) => new Promise<unknown>((resolve) => process.runtime.onExit(process, resolve)),
  );
  await haste.wait(Promise.all(ends).then(ignore), undefined);
  for (const process of processes) requestStop(process, 'shutdown');
}

const ignore = (): void => {};
