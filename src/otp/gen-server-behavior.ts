/**
 * Runs a GenServer's callbacks in a process: dispatch by kind and tag, and what their results mean.
 *
 * One behavior per server definition, shared by all its processes; the state lives in the process.
 */
import type { Behavior, StatusParts } from '../actor/behavior.ts';
import type { Call } from '../actor/call.ts';
import { nextSignal } from '../actor/delivery.ts';
import { exit, isOrderly } from '../actor/exit-reason.ts';
import { Kind } from '../actor/mailbox.ts';
import type { Process } from '../actor/process.ts';
import { reportUnhandled } from '../actor/report.ts';
import { keepShown, shownReason } from '../actor/shown-reason.ts';
import type { AnyServer } from './gen-server.ts';
import { ownView } from './own-view.ts';
import { Ignore, NoReply, Reply, Started, Stop, type Next } from './result.ts';
import { Request, ServerCall, TermRequest } from './server-call.ts';
import { IdleWatch } from './server-idle.ts';
import { formatted, hideReturned, orKind } from './server-status.ts';
import type { InitResult } from './start.ts';
import { isPromiseLike, refusePromise } from './sequence.ts';
import { debugLog } from './sys-debug.ts';
import { Continue, type CodeChange } from './system-messages.ts';

type Handler = (payload: unknown, state: unknown, self: Process, from?: Call) => unknown;

/** The callbacks as the kernel calls them: untyped, by own properties only. */
interface Callbacks {
  init?(args: unknown, self: Process): unknown;
  readonly handleCall?: Readonly<Record<string, Handler>>;
  readonly handleCast?: Readonly<Record<string, Handler>>;
  handleRequest?(term: unknown, state: unknown, self: Process, from: Call): unknown;
  handleInfo?(message: unknown, state: unknown, self: Process): unknown;
  handleContinue?(value: unknown, state: unknown, self: Process): unknown;
  terminate?(reason: unknown, state: unknown, self: Process): void | Promise<void>;
  formatStatus?(status: StatusParts): StatusParts;
  codeChange?(from: unknown, state: unknown, extra: unknown): unknown;
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
  readonly replaceable = true;
  readonly module: string;
  readonly formatReason: Behavior['formatReason'];
  readonly #server: Callbacks;
  readonly #calls: Readonly<Record<string, Handler>>;
  readonly #casts: Readonly<Record<string, Handler>>;
  /** Few servers use it: the others do not look. */
  #idle: IdleWatch | null = null;

  constructor(module: string, server: Callbacks) {
    this.module = module;
    this.#server = server;
    this.#calls = ownProperties(server.handleCall);
    this.#casts = ownProperties(server.handleCast);
    // few hide anything: for the others nobody asks
    if (server.formatStatus !== undefined)
      this.formatReason = (reason, self) => {
        const shown = this.formatStatus({ state: self.state, reason: this.#hideReturned(reason) });
        return orKind(shown.reason, reason);
      };
  }

  /** @param hibernateAfter idle milliseconds until it hibernates. */
  init(args: unknown, self: Process, hibernateAfter: number = Infinity): InitResult | Promise<InitResult> {
    if (this.#server.init === undefined) throw undefinedCallback('init', undefined);
    const result = this.#server.init(args, self);
    return isPromiseLike(result)
      ? Promise.resolve(result).then((value) => this.#begin(value, self, hibernateAfter))
      : this.#begin(result, self, hibernateAfter);
  }

  /** Begins with a state made elsewhere (`enterLoop`). */
  enter(state: unknown, next: Next | undefined, self: Process, hibernateAfter: number = Infinity): void {
    self.state = state;
    if (hibernateAfter !== Infinity) (this.#idle ??= new IdleWatch()).hibernateAfter(self, hibernateAfter);
    if (next !== undefined) this.#next(next, self);
  }

  receive(kind: Kind, message: unknown, self: Process): void | Promise<void> {
    if (this.#idle !== null) this.#idle.wake(self);
    switch (kind) {
      case Kind.call: {
        const call = message as Call;
        if (call instanceof ServerCall) {
          const handler = this.#calls[call.tag];
          if (handler !== undefined)
            return this.#after(handler(call.payload, self.state, self, call), self, kind, message);
        }
        const request = call.request;
        if (request instanceof Request) {
          const handler = this.#calls[request.tag];
          if (handler !== undefined)
            return this.#after(handler(request.payload, self.state, self, call), self, kind, message);
        }
        if (this.#server.handleRequest === undefined) throw undefinedCallback('handleCall', request);
        const term = request instanceof TermRequest ? request.term : request;
        return this.#after(this.#server.handleRequest(term, self.state, self, call), self, kind, message);
      }
      case Kind.cast: {
        const handler = message instanceof Request ? this.#casts[message.tag] : undefined;
        if (handler === undefined) throw undefinedCallback('handleCast', message);
        return this.#after(handler((message as Request).payload, self.state, self), self, kind, message);
      }
      case Kind.system:
        return message instanceof Continue
          ? this.#continue(message.value, self, message)
          : reportUnhandled(self, message);
      default:
        return this.#info(message, self, kind);
    }
  }

  terminate(reason: unknown, self: Process): void | Promise<void> {
    return this.#server.terminate?.(reason, self.state, self);
  }

  handlerOf(kind: Kind, message: unknown): string | undefined {
    const request =
      kind === Kind.call && !(message instanceof ServerCall) ? (message as Call).request : message;
    if (!(request instanceof ServerCall || request instanceof Request)) return undefined;
    const handlers = kind === Kind.call ? this.#calls : kind === Kind.cast ? this.#casts : undefined;
    return handlers?.[request.tag] === undefined ? undefined : request.tag;
  }

  inspect(self: Process): Readonly<Record<string, unknown>> {
    return this.#idle?.hibernates(self) === true ? { hibernates: true } : {};
  }

  ownView(self: Process): unknown {
    const format = this.#server.formatStatus;
    if (format === undefined) return undefined;
    return ownView(self.state, this.formatStatus({ state: self.state, log: [] }).state, format);
  }

  formatStatus(status: StatusParts): StatusParts {
    return this.#server.formatStatus === undefined
      ? status
      : formatted((parts) => this.#server.formatStatus?.(parts), status);
  }

  changeCode(self: Process, change: unknown): void {
    const { server, from, extra } = change as CodeChange;
    const next = server === undefined ? this : serverBehavior(server as AnyServer);
    if (next.#server.codeChange === undefined) throw undefinedCallback('codeChange', undefined);
    const state = next.#server.codeChange(from, self.state, extra);
    refusePromise('codeChange', state);
    self.state = state;
    self.behavior = next;
  }

  /** The report of a server that fails (OTP R3). */
  reportEnd(reason: unknown, self: Process): void {
    const { failure } = self;
    const shown = this.formatStatus({
      state: self.state,
      reason: this.#hideReturned(shownReason(reason)),
      message: failure?.message === undefined ? undefined : describeMessage(failure.message),
      log: debugLog(self),
    });
    if (this.formatReason !== undefined) keepShown(self, reason, orKind(shown.reason, reason));
    self.runtime.report({
      tag: 'terminate',
      at: self.clock.wall(),
      pid: self,
      label: self.label,
      class: failure?.class ?? 'exit',
      reason: shown.reason,
      message: shown.message,
      state: shown.state,
      log: shown.log ?? [],
    });
  }

  #hideReturned(reason: unknown): unknown {
    if (this.formatReason === undefined) return reason;
    return hideReturned(reason, (state) => this.formatStatus({ state }).state);
  }

  #begin(result: unknown, self: Process, hibernateAfter: number): InitResult {
    if (result instanceof Ignore) return { tag: 'ignore' };
    if (result instanceof Stop) return { tag: 'stop', reason: result.reason };
    if (result instanceof Reply || result instanceof NoReply) badReturn(result);
    if (result instanceof Started) this.enter(result.state, result.next, self, hibernateAfter);
    else this.enter(result, undefined, self, hibernateAfter);
    return { tag: 'ok' };
  }

  #info(message: unknown, self: Process, kind: Kind): void | Promise<void> {
    if (this.#server.handleInfo === undefined) return reportUnhandled(self, message);
    return this.#after(this.#server.handleInfo(message, self.state, self), self, kind, message);
  }

  #continue(value: unknown, self: Process, message: Continue): void | Promise<void> {
    if (this.#server.handleContinue === undefined) throw undefinedCallback('handleContinue', undefined);
    return this.#after(this.#server.handleContinue(value, self.state, self), self, Kind.system, message);
  }

  #after(result: unknown, self: Process, kind: Kind, message: unknown): void | Promise<void> {
    if (result instanceof Reply && kind === Kind.call) {
      self.state = result.state;
      (message as Call).reply(result.value);
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
      if (result.reply !== undefined && kind === Kind.call) (message as Call).reply(result.reply.value);
      if (!isOrderly(result.reason)) self.failure = { class: 'exit', message: { kind, body: message } };
      self.runtime.stop(self, result.reason);
      return undefined;
    }
    if (isPromiseLike(result)) {
      return Promise.resolve(result).then((value) =>
        self.alive ? this.#settled(value, self, kind, message) : undefined,
      );
    }
    badReturn(result);
  }

  #settled(result: unknown, self: Process, kind: Kind, message: unknown): void | Promise<void> {
    if (this.#idle !== null) this.#idle.rest(self);
    // a promise of a promise cannot come out of `then`, so this ends here
    return this.#after(result, self, kind, message);
  }

  #next(next: Next, self: Process): void {
    if (next.continue !== undefined) nextSignal(self, Kind.system, new Continue(next.continue));
    const { timeout = Infinity } = next;
    if (timeout !== Infinity)
      (this.#idle ??= new IdleWatch()).setTimeout(self, timeout, (process) =>
        this.#info('timeout', process, Kind.info),
      );
    if (next.hibernate === true) (this.#idle ??= new IdleWatch()).hibernate(self);
  }
}

function ownProperties(
  handlers: Readonly<Record<string, Handler>> | undefined,
): Readonly<Record<string, Handler>> {
  return Object.assign(Object.create(null), handlers) as Readonly<Record<string, Handler>>;
}

/** A message for reports: what a caller wrote, not what carried it. */
function describeMessage({ kind, body }: { readonly kind: Kind; readonly body: unknown }): unknown {
  const request = kind === Kind.call ? (body as Call).request : body;
  if (body instanceof Continue) return { continue: body.value };
  const shown = request instanceof Request ? { tag: request.tag, payload: request.payload } : request;
  return kind === Kind.call ? { call: shown } : kind === Kind.cast ? { cast: shown } : shown;
}

/** A callback returned something that means nothing (OTP G9). */
function badReturn(value: unknown): never {
  return exit({ bad_return_value: value });
}

/** A message needs a callback that does not exist (OTP G12). */
const undefinedCallback = (callback: string, request: unknown): Error =>
  new TypeError(`undef: no ${callback}${request instanceof Request ? ` for ${request.tag}` : ''}`);
