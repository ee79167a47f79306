/**
 * What an inspector may do to a tree when its owner has allowed it: one action at a time, each told to the log (SECURITY §11.4).
 */
import { kindOf, type ValueKind } from '../actor/kind-of.ts';
import { isWord, outlineReason } from '../actor/outline.ts';
import type { Process } from '../actor/process.ts';
import { childrenOf } from '../actor/tree.ts';
import { within } from '../mesh/client/within.ts';
import { Child } from '../otp/child-spec.ts';
import { ExitError } from '../otp/errors.ts';
import { stopProcess } from '../otp/stop.ts';
import { SupervisorRef } from '../otp/supervisor-ref.ts';
import * as sys from '../otp/sys.ts';
import type { Action, ActionResult } from './source.ts';

/** Milliseconds that an actor may take to answer, and that its supervisor may need to start another. */
const ANSWER = 5_000;
const RESTART = 60_000;

/** Why something is not done, by what the caller is told. */
const REFUSALS: Readonly<Record<string, string>> = {
  not_found: 'its supervisor does not know it any more',
  not_supervised: 'it has no supervisor that starts it again',
  temporary: 'a temporary child is not started again',
  running: 'its supervisor has started it again already',
  restarting: 'its supervisor is starting it again already',
};

/** One message of a traced actor: what kind it is, never what is in it. */
export interface TraceEvent {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly direction: 'in' | 'out';
  /** `call`, `cast`, `info`, `system`; of an answer `reply`. */
  readonly kind: string;
  readonly message: ValueKind;
}

type TreeAction = Exclude<Action, { readonly action: 'call' }>;

/** Does it to an actor below `root`. Never rejects. */
export async function actOn(root: Process | undefined, action: TreeAction): Promise<ActionResult> {
  const process = root === undefined ? undefined : find(root, action.id);
  if (process === undefined) return refused('not_found', 'no such actor');
  try {
    return { ok: true, value: await done(process, action) };
  } catch (error) {
    const reason = error instanceof ExitError ? error.reason : error;
    if (typeof reason === 'string' && Object.hasOwn(REFUSALS, reason))
      return refused(reason, REFUSALS[reason] as string);
    // whatever else it ended with may be anybody's words
    return refused(isWord(reason) ? String(reason) : 'failed', outlineReason(reason));
  }
}

export const refused = (tag: string, message: string): ActionResult => ({
  ok: false,
  error: { tag, message },
});

/** Looks for an actor by its id, from the top down. */
export function find(root: Process, id: string): Process | undefined {
  const open = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.toString() === id) return next;
    for (const child of childrenOf(next)) open.push(child);
  }
  return undefined;
}

async function done(process: Process, action: TreeAction): Promise<unknown> {
  switch (action.action) {
    case 'kill':
      process.runtime.exit(process, 'kill');
      return undefined;
    case 'terminate':
      return outlineReason(await stopProcess(process, null, action.timeout, action.reason ?? 'shutdown'));
    case 'suspend':
      return sys.suspend(process, ANSWER);
    case 'resume':
      return sys.resume(process, ANSWER);
    case 'restartChild':
      return restart(process);
    case 'trace':
      return trace(process, action);
  }
}

/** Stops it and has its supervisor start it again, in its place. Gives the id of its successor. */
async function restart(process: Process): Promise<string | undefined> {
  const { parentProcess, child, runtime } = process;
  if (parentProcess === null || !(child instanceof Child) || parentProcess.behavior.type !== 'Supervisor')
    throw new ExitError('restartChild', 'not_supervised');
  if (child.spec.restart === 'temporary') throw new ExitError('restartChild', 'temporary');
  const supervisor = new SupervisorRef(runtime, parentProcess);
  const restarting = supervisor
    .terminateChild(child.spec.id)
    .then(() => supervisor.restartChild(child.spec.id));
  // whoever takes longer is started again all the same; only nobody is told
  const tooLong = (): never => {
    throw new ExitError('restartChild', 'timeout');
  };
  return (await within(runtime, RESTART, restarting, tooLong))?.toString();
}

/** Watches its messages until there were so many, or for so long. */
async function trace(
  process: Process,
  { max, ms }: Extract<TreeAction, { action: 'trace' }>,
): Promise<readonly TraceEvent[]> {
  const { clock } = process;
  const events: TraceEvent[] = [];
  const id = {};
  let over = false;
  let enough = (): void => {};
  const ended = new Promise<void>((resolve) => {
    enough = () => {
      over = true;
      resolve();
    };
  });
  const see = (_none: unknown, event: sys.SysEvent): unknown => {
    if (over) return sys.done;
    const direction = event.tag;
    const [kind, message] = event.tag === 'in' ? [event.kind, event.message] : ['reply', event.value];
    events.push({ at: clock.wall(), direction, kind, message: kindOf(message) });
    if (events.length < max) return undefined;
    enough();
    return sys.done;
  };
  await sys.install(process, see, undefined, { id, timeout: ANSWER });
  const timer = clock.setTimer(ms, enough);
  clock.hold(timer, false);
  const unwatch = process.runtime.onExit(process, enough);
  await ended;
  clock.clear(timer);
  process.runtime.demonitor(unwatch);
  // one that is busy takes it off when it has a turn, and nobody waits for that; one that has died has nothing on
  if (process.alive && events.length < max) sys.remove(process, id, Infinity).catch(() => undefined);
  return events;
}
