/**
 * The GenServer in a worker thread: runs the callbacks that it is asked for, and keeps the state.
 *
 * `threadServer` is part of the text that a thread runs (`worker-program.ts`), so it must not use anything outside
 * itself.
 */
import type { Done, Job, Told } from './thread-messages.ts';

/** A callback to be run. */
type CallbackJob = Extract<Job, { tag: 'callback' }>;

export interface ThreadServer {
  /** What the callback gives, as it is. Throws what it throws. */
  run(job: CallbackJob): unknown;
  /** Keeps the state here; what is left is data. Undefined for a result that means nothing. */
  conclude(job: CallbackJob, result: unknown): Done | undefined;
}

interface ThreadServerOptions {
  /** The callbacks. */
  readonly server: Loose;
  readonly label: string;
  /** Messages it may have sent itself between two jobs. */
  readonly bound: number;
  readonly say: (told: Told) => void;
  readonly pick: PickFunction;
}

/** An own function of a record. */
type PickFunction = (record: unknown, name: string) => Callable | undefined;
export type Callable = (...args: unknown[]) => unknown;
export type Loose = Readonly<Record<string, unknown>>;

export function threadServer({ server, label, bound, say, pick }: ThreadServerOptions): ThreadServer {
  // two copies of a library agree on it
  const RESULT = Symbol.for('espalier.result');
  let state: unknown;
  let sent = 0;

  const markOf = (value: unknown): unknown =>
    typeof value === 'object' && value !== null ? (value as Record<symbol, unknown>)[RESULT] : undefined;
  const self = {
    label,
    send: (message: unknown): boolean => {
      if (sent >= bound) return false;
      say({ tag: 'self', message });
      sent++;
      return true;
    },
  };
  const fromOf = (id: number): object => {
    let settled = false;
    return {
      get settled(): boolean {
        return settled;
      },
      reply: (value: unknown): boolean => {
        if (settled) return false;
        say({ tag: 'late', id, value });
        settled = true;
        return true;
      },
    };
  };
  const undef = (callback: string, name: string): Error =>
    new TypeError(`undef: no ${callback}${name === '' ? '' : ` for ${name}`}`);
  const callbackOf = (name: string): Callable | undefined => {
    const found = server[name];
    return typeof found === 'function' ? (found.bind(server) as Callable) : undefined;
  };

  const run = (job: CallbackJob): unknown => {
    const { name, payload } = job;
    // whoever asks for a job has read all that came before
    sent = 0;
    switch (job.callback) {
      case 'init': {
        const init = callbackOf('init');
        if (init === undefined) throw undef('init', '');
        return init(payload, self);
      }
      case 'call': {
        const handler = pick(server['handleCall'], name);
        if (handler !== undefined) return handler(payload, state, self, fromOf(job.id));
        const request = callbackOf('handleRequest');
        if (request === undefined) throw undef('handleCall', name);
        return request(name === '' ? payload : { tag: name, payload }, state, self, fromOf(job.id));
      }
      case 'cast': {
        const handler = pick(server['handleCast'], name);
        if (handler === undefined) throw undef('handleCast', name);
        return handler(payload, state, self);
      }
      case 'continue': {
        const next = callbackOf('handleContinue');
        if (next === undefined) throw undef('handleContinue', '');
        return next(payload, state, self);
      }
      case 'info':
        return callbackOf('handleInfo')?.(payload, state, self);
      case 'state':
        return state;
      case 'terminate':
        return callbackOf('terminate')?.(payload, state, self);
    }
  };

  const conclude = (job: CallbackJob, result: unknown): Done | undefined => {
    if (job.callback === 'terminate') return { kind: 'ok' };
    if (job.callback === 'state') return { kind: 'state', value: result };
    const mark = markOf(result);
    const given = result as {
      value: unknown;
      state: unknown;
      reason: unknown;
      next: unknown;
      reply: never;
    };
    if (job.callback === 'init') {
      if (mark === 'ignore') return { kind: 'ignore' };
      if (mark === 'stop') return { kind: 'stop', reason: given.reason, reply: undefined };
      if (mark === 'reply' || mark === 'noReply') return undefined;
      state = mark === 'started' ? given.state : result;
      return mark === 'started' ? { kind: 'started', next: given.next } : { kind: 'ok' };
    }
    if (job.callback === 'info' && typeof server['handleInfo'] !== 'function') return { kind: 'unhandled' };
    switch (mark) {
      case 'reply':
        if (job.callback !== 'call') break;
        state = given.state;
        return { kind: 'reply', value: given.value, next: given.next };
      case 'noReply':
        state = given.state;
        return { kind: 'noReply', next: given.next };
      case 'stop':
        state = given.state;
        return { kind: 'stop', reason: given.reason, reply: given.reply };
    }
    return undefined;
  };
  return { run, conclude };
}
