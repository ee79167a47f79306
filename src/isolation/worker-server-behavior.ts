/**
 * The process of a GenServer in a worker thread: its callbacks ask those in the thread and do what they decided.
 *
 * Everything else is a GenServer's: order, idle timeouts, continues, stopping, reports. It is parked while a callback
 * runs in the thread, as with any promise. Supervised by whoever starts it; a crash loses the state in the thread.
 */
import type { StatusParts } from '../actor/behavior.ts';
import type { Call } from '../actor/call.ts';
import { describeReason } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import { Down, Exit } from '../actor/monitor.ts';
import type { Process } from '../actor/process.ts';
import { reportUnhandled } from '../actor/report.ts';
import { ExitError } from '../otp/errors.ts';
import { ServerBehavior } from '../otp/gen-server-behavior.ts';
import {
  ignore,
  noReply,
  reply,
  started,
  stop,
  stopAndReply,
  type Next,
  type NoReply,
  type Stop,
} from '../otp/result.ts';
import { Request } from '../otp/server-ref.ts';
import { RemoteServer, Unclonable } from './remote-server.ts';
import type { CheckedThread } from './thread.ts';
import type { Done } from './thread-messages.ts';

/** A cast on its way through `handleInfo`, which takes any. */
class Cast {
  readonly cast: unknown;
  constructor(message: unknown) {
    this.cast = message;
  }
}

/** What is shown of a state. */
const IN_WORKER = 'in its worker';

class WorkerServerBehavior extends ServerBehavior {
  override receive(kind: Kind, message: unknown, self: Process): void | Promise<void> {
    return kind === Kind.cast
      ? super.receive(Kind.info, new Cast(message), self)
      : super.receive(kind, message, self);
  }
  /** What it can say at once: the state is in the thread. */
  readState(): unknown {
    return IN_WORKER;
  }
  /** A copy from the thread. */
  async fetchState(self: Process): Promise<unknown> {
    const { state } = self;
    if (!(state instanceof RemoteServer)) return undefined;
    try {
      const done = await state.perform('state', '', undefined);
      return done.kind === 'state' ? done.value : undefined;
    } catch (error) {
      throw error instanceof Unclonable ? new ExitError(self.label, { unclonable: error.detail }) : error;
    }
  }
}

/** @param deadline milliseconds of one callback. */
export const workerBehavior = (
  thread: CheckedThread,
  deadline: number,
  label: string,
  formatStatus: (status: StatusParts) => StatusParts = (status) => status,
): ServerBehavior =>
  new WorkerServerBehavior(label, {
    init: async (args: unknown, self: Process) => {
      const remote = new RemoteServer(self, thread, deadline);
      await remote.loaded;
      const done = await orCrash(() => remote.perform('init', '', args));
      switch (done.kind) {
        case 'ignore':
          return ignore;
        case 'stop':
          return stop(done.reason, undefined);
        case 'started':
          return started(remote, done.next as Next);
        default:
          return remote;
      }
    },
    handleRequest: (term: unknown, state: unknown, self: Process, from: Call) =>
      onCall(state as RemoteServer, self, term, from),
    handleInfo: (message: unknown, state: unknown, self: Process) =>
      onInfo(state as RemoteServer, self, message),
    handleContinue: async (value: unknown, state: unknown) =>
      resultOf(
        state as RemoteServer,
        await orCrash(() => (state as RemoteServer).perform('continue', '', value)),
      ),
    terminate: async (reason: unknown, state: unknown) => {
      // without a thread nobody can clean up in it; without a state it has not begun
      if (!(state instanceof RemoteServer) || !state.alive) return;
      await state.perform('terminate', '', clonable(reason));
    },
    // of a callback that gave what means nothing, `state` is what it gave
    formatStatus: (status: StatusParts) =>
      formatStatus(status.state instanceof RemoteServer ? { ...status, state: IN_WORKER } : status),
  });

async function onCall(remote: RemoteServer, self: Process, term: unknown, call: Call): Promise<unknown> {
  const { tag, payload } = term instanceof Request ? term : { tag: '', payload: term };
  let done: Done;
  try {
    done = await remote.perform('call', tag, payload, call);
  } catch (error) {
    if (!(error instanceof Unclonable)) throw error;
    call.fail({ tag: 'exit', reason: { unclonable: error.detail }, holder: self });
    return noReply(remote);
  }
  return done.kind === 'reply'
    ? reply(done.value, remote, done.next as Next | undefined)
    : resultOf(remote, done);
}

async function onInfo(remote: RemoteServer, self: Process, message: unknown): Promise<unknown> {
  let done: Done;
  try {
    done = await performInfo(remote, message);
  } catch (error) {
    if (!(error instanceof Unclonable)) throw error;
    reportUnhandled(self, message instanceof Cast ? message.cast : message);
    return noReply(remote);
  }
  if (done.kind === 'unhandled') reportUnhandled(self, message);
  return done.kind === 'unhandled' ? noReply(remote) : resultOf(remote, done);
}

function performInfo(remote: RemoteServer, message: unknown): Promise<Done> {
  if (message instanceof Cast) {
    const { cast } = message;
    return cast instanceof Request
      ? remote.perform('cast', cast.tag, cast.payload)
      : remote.perform('cast', '', cast);
  }
  return remote.perform('info', '', plain(message));
}

function resultOf(remote: RemoteServer, done: Done): NoReply<RemoteServer> | Stop<RemoteServer> {
  if (done.kind !== 'stop')
    return noReply(remote, 'next' in done ? (done.next as Next | undefined) : undefined);
  const { reason, reply: answer } = done;
  return answer === undefined ? stop(reason, remote) : stopAndReply(reason, answer.value, remote);
}

/** What cannot be cloned is the caller's mistake where there is no caller to tell. */
async function orCrash(perform: () => Promise<Done>): Promise<Done> {
  try {
    return await perform();
  } catch (error) {
    throw error instanceof Unclonable ? new TypeError(`cannot be cloned: ${error.detail}`) : error;
  }
}

/** Signals name processes, which mean nothing in another thread: their names do. */
function plain(message: unknown): unknown {
  if (message instanceof Down)
    return { tag: message.tag, pid: String(message.pid), reason: clonable(message.reason) };
  if (message instanceof Exit)
    return { tag: message.tag, from: String(message.from), reason: clonable(message.reason) };
  return message;
}

function clonable(reason: unknown): unknown {
  try {
    return structuredClone(reason);
  } catch {
    return describeReason(reason);
  }
}
