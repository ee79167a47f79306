/** Machines written where they are used: one handler for all states, whose data is a log. */
import type { Process } from '../../../src/actor/process.ts';
import {
  nextState,
  startStatem,
  type StatemActions,
  type EnterEvent,
  type QueuedEvent,
  type StatemRef,
  type StatemResult,
} from '../../../src/otp/gen-statem.ts';
import type { AnyProtocol } from '../../../src/otp/server-ref.ts';
import { bench, type Bench } from './connection.ts';

export type Log = unknown[];
export type Handle = (
  event: QueuedEvent | EnterEvent<unknown>,
  state: string,
  log: Log,
  self: Process,
) => StatemResult<string, Log>;

export interface Scripted extends Bench {
  readonly ref: StatemRef<AnyProtocol, AnyProtocol>;
  readonly pid: Process;
  readonly log: Log;
}

export interface Options {
  /** Actions of `init`. */
  readonly actions?: StatemActions;
  readonly stateEnter?: boolean;
  readonly hibernateAfter?: number;
}

/** Starts in state `start`. */
export async function scripted(handle: Handle, { actions, ...options }: Options = {}): Promise<Scripted> {
  const all = bench();
  const log: Log = [];
  const ref = await startStatem<undefined, string, Log, AnyProtocol, AnyProtocol>(
    all.runtime,
    {
      ...options,
      init: () => nextState('start', log, actions),
      handleEvent: (event, state, data, self) => handle(event, state, data, self as Process),
    },
    undefined,
  );
  return { ...all, ref, log, pid: ref.pid as Process };
}

/** An event in one line: its type, name and content. */
export function line(event: QueuedEvent | EnterEvent<unknown>): string {
  if (event.type === 'enter') return `enter from ${String(event.oldState)}`;
  const name = event.type === 'genericTimeout' ? ` ${String(event.name)}` : '';
  const tag = event.type === 'call' || event.type === 'cast' ? ` ${event.tag}` : '';
  return `${event.type}${name}${tag}${event.content === undefined ? '' : ` ${String(event.content)}`}`;
}

/** Handles nothing until `resume`; signals and messages queue up. */
export const suspend = ({ pid }: Scripted): void => {
  pid.suspended = true;
};

export function resume({ pid, runtime }: Scripted): void {
  pid.suspended = false;
  runtime.work(pid, () => {});
}
