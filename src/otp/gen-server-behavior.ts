/**
 * Runs a GenServer's callbacks in a process: dispatch by kind and tag, and what their results mean.
 *
 * One behavior per server definition, shared by all its processes; the state lives in the process.
 */
import type { Behavior } from '../actor/behavior.ts';
import type { Call } from '../actor/call.ts';
import { nextSignal } from '../actor/delivery.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Process } from '../actor/process.ts';
import type { TimerEntry } from '../actor/timers.ts';
import type { AnyServer } from './gen-server.ts';
import { Ignore, NoReply, Reply, Started, Stop, type Next } from './result.ts';
import { Request } from './server-ref.ts';
import type { InitResult } from './start.ts';
import { isPromiseLike } from './sequence.ts';
import { Continue } from './system-messages.ts';

type Handler = (payload: unknown, state: unknown, self: Process, from?: Call) => unknown;

/** The callbacks as the kernel calls them: untyped, by own properties only. */
interface Callbacks {
  init(args: unknown, self: Process): unknown;
  readonly handleCall?: Readonly<Record<string, Handler>>;
  readonly handleCast?: Readonly<Record<string, Handler>>;
  handleRequest?(term: unknown, state: unknown, self: Process, from: Call): unknown;
  handleInfo?(message: unknown, state: unknown, self: Process): unknown;
  handleContinue?(value: unknown, state: unknown, self: Process): unknown;
  terminate?(reason: unknown, state: unknown, self: Process): void | Promise<void>;
}

const behaviors = new WeakMap<object, ServerBehavior>();

export function serverBehavior(server: AnyServer): ServerBehavior {
  let behavior = behaviors.get(server);
  if (behavior === undefined) {
    behavior = new ServerBehavior(server.label ?? 'GenServer', server as unknown as Callbacks);
    behaviors.set(server, behavior);
  }
  return behavior;
}

export class ServerBehavior implements Behavior {
  readonly type = 'GenServer';
  readonly module: string;
  readonly #server: Callbacks;
  readonly #calls: Readonly<Record<string, Handler>>;
  readonly #casts: Readonly<Record<string, Handler>>;
  /** Idle timeouts that are running (OTP G10). */
  readonly #idle = new WeakMap<Process, TimerEntry>();
  /** Few servers use them: the others do not look. */
  #hasIdle = false;

  constructor(module: string, server: Callbacks) {
    this.module = module;
    this.#server = server;
    this.#calls = ownProperties(server.handleCall);
    this.#casts = ownProperties(server.handleCast);
  }

  init(args: unknown, self: Process): InitResult | Promise<InitResult> {
    const result = this.#server.init(args, self);
    return isPromiseLike(result)
      ? Promise.resolve(result).then((value) => this.#begin(value, self))
      : this.#begin(result, self);
  }

  receive(kind: Kind, message: unknown, self: Process): void | Promise<void> {
    if (this.#hasIdle) this.#wakeUp(self);
    switch (kind) {
      case Kind.call: {
        const call = message as Call;
        const request = call.request;
        if (request instanceof Request) {
          const handler = this.#calls[request.tag];
          if (handler !== undefined)
            return this.#after(handler(request.payload, self.state, self, call), self, call);
        }
        if (this.#server.handleRequest === undefined) throw undefinedCallback('handleCall', request);
        return this.#after(this.#server.handleRequest(request, self.state, self, call), self, call);
      }
      case Kind.cast: {
        const handler = message instanceof Request ? this.#casts[message.tag] : undefined;
        if (handler === undefined) throw undefinedCallback('handleCast', message);
        return this.#after(handler((message as Request).payload, self.state, self), self, null);
      }
      case Kind.system:
        return message instanceof Continue ? this.#continue(message.value, self) : undefined;
      default:
        return this.#info(message, self);
    }
  }

  terminate(reason: unknown, self: Process): void | Promise<void> {
    return this.#server.terminate?.(reason, self.state, self);
  }

  #begin(result: unknown, self: Process): InitResult {
    if (result instanceof Ignore) return { tag: 'ignore' };
    if (result instanceof Stop) return { tag: 'stop', reason: result.reason };
    if (result instanceof Started) {
      self.state = result.state;
      this.#next(result.next, self);
    } else self.state = result;
    return { tag: 'ok' };
  }

  #info(message: unknown, self: Process): void | Promise<void> {
    if (this.#server.handleInfo !== undefined) {
      return this.#after(this.#server.handleInfo(message, self.state, self), self, null);
    }
    self.runtime.report({
      tag: 'unhandled',
      at: self.clock.wall(),
      pid: self,
      label: self.label,
      kind: typeof message,
    });
    return undefined;
  }

  #continue(value: unknown, self: Process): void | Promise<void> {
    if (this.#server.handleContinue === undefined) throw undefinedCallback('handleContinue', undefined);
    return this.#after(this.#server.handleContinue(value, self.state, self), self, null);
  }

  #after(result: unknown, self: Process, call: Call | null): void | Promise<void> {
    if (result instanceof Reply && call !== null) {
      self.state = result.state;
      call.reply(result.value);
      if (result.next !== undefined) this.#next(result.next, self);
      return undefined;
    }
    if (result instanceof NoReply) {
      self.state = result.state;
      if (result.next !== undefined) this.#next(result.next, self);
      return undefined;
    }
    if (result instanceof Stop) {
      self.state = result.state;
      if (result.reply !== undefined) call?.reply(result.reply.value);
      self.runtime.stop(self, result.reason);
      return undefined;
    }
    if (isPromiseLike(result)) {
      return Promise.resolve(result).then((value) =>
        self.alive ? this.#settled(value, self, call) : undefined,
      );
    }
    throw badReturn(result);
  }

  #settled(result: unknown, self: Process, call: Call | null): void | Promise<void> {
    // a promise of a promise cannot come out of `then`, so this ends here
    return this.#after(result, self, call);
  }

  #next(next: Next, self: Process): void {
    if (next.continue !== undefined) nextSignal(self, Kind.system, new Continue(next.continue));
    if (next.timeout === undefined || next.timeout === Infinity) return;
    // void as soon as any message is handled, also one that came before the time was up
    const expire = (): void | Promise<void> => {
      this.#idle.delete(self);
      return this.#info('timeout', self);
    };
    this.#hasIdle = true;
    this.#idle.set(self, self.runtime.workAfter(next.timeout, self, expire));
  }

  #wakeUp(self: Process): void {
    this.#idle.get(self)?.unset();
    this.#idle.delete(self);
  }
}

function ownProperties(
  handlers: Readonly<Record<string, Handler>> | undefined,
): Readonly<Record<string, Handler>> {
  return Object.assign(Object.create(null), handlers) as Readonly<Record<string, Handler>>;
}

/** A callback returned something that means nothing (OTP G9). */
const badReturn = (value: unknown): Error =>
  Object.assign(new TypeError('bad_return_value: return reply, noReply or stop'), { value });

/** A message needs a callback that does not exist (OTP G12). */
const undefinedCallback = (callback: string, request: unknown): Error =>
  new TypeError(`undef: no ${callback}${request instanceof Request ? ` for ${request.tag}` : ''}`);
