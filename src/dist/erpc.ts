/**
 * A function of another node as if it were one of here: `erpc:call/5`. Value, or an error that says whose fault it was.
 *
 * It runs in a process of its own there; a caller that gives up leaves it running, as Erlang does. Source: Erlang/OTP `erpc`.
 */
import { Call, type CallFailure } from '../actor/call.ts';
import { describeReason, type ExitReason } from '../actor/exit-reason.ts';
import { atom, isAtom } from '../codec/etf/atom.ts';
import { ReferenceTerm } from '../codec/etf/identities.ts';
import { Tuple } from '../codec/etf/terms.ts';
import type { CallOptions } from '../otp/server-ref.ts';
import { answerTo, checkAsked, described, type Asked } from './asking.ts';
import type { DistContext } from './context.ts';
import { sameReference } from './identity-table.ts';
import type { Outgoing } from './kernel/outgoing.ts';
import { reasonFromTerm } from './reasons.ts';
import { outcomeOf, type Outcome } from './running.ts';

export type ErpcFailure =
  /**
   * The function ended like that. `reason` is a word (`undef`, `badarg`) or a term; of an `Error` of JavaScript
   * `{crash, <<"TypeError">>}`. `stack`: Erlang's, a list.
   */
  | {
      readonly tag: 'exception';
      readonly class: 'error' | 'exit' | 'throw';
      readonly reason: unknown;
      readonly stack: unknown;
    }
  /** Its process was ended by a signal. */
  | { readonly tag: 'signal'; readonly reason: ExitReason }
  /** The node is out of reach, or became so: nobody knows how far it got. */
  | { readonly tag: 'noconnection' }
  /** It may still run. */
  | { readonly tag: 'timeout' }
  /** That node starts nothing for others. */
  | { readonly tag: 'notsup' }
  /** Too many at once, here or there. */
  | { readonly tag: 'system_limit' }
  | { readonly tag: 'overloaded'; readonly bound: string }
  /** Nothing was sent, or the node refused: `unencodable`, `too_large`, or its word. */
  | { readonly tag: 'refused'; readonly reason: unknown }
  | { readonly tag: 'canceled'; readonly reason: unknown };

/** Thrown by `erpc`. Branch on `error.failure.tag`; the message is for people. */
export class ErpcError extends Error {
  override readonly name = 'ErpcError';
  readonly failure: ErpcFailure;
  constructor(what: string, failure: ErpcFailure) {
    super(`${what}: ${shown(failure)}`, { cause: 'reason' in failure ? failure.reason : undefined });
    this.failure = failure;
  }
}

function shown(failure: ErpcFailure): string {
  if (failure.tag === 'exception') return `${failure.class} ${describeReason(failure.reason)}`;
  return 'reason' in failure ? `${failure.tag} ${describeReason(failure.reason)}` : failure.tag;
}

export async function callFunction(
  context: DistContext,
  outgoing: Outgoing,
  asked: Asked,
  options: CallOptions = {},
): Promise<unknown> {
  checkAsked(asked);
  const { runtime } = context;
  const { node, module, name, args } = asked;
  const what = described('erpc', asked);
  const result = await answerTo<ErpcFailure | Returned>(
    runtime,
    options,
    (failure) => new ErpcError(what, failureOf(failure)),
    (resolve, reject) => new ErpcCall(asked, resolve, reject),
    (call) => {
      if (node === context.name) {
        outcomeOf(context, module, name, args).then(
          (outcome) => call.reply(resultOf(outcome)),
          (error: unknown) => call.fail({ tag: 'exit', reason: error, holder: null }),
        );
        return;
      }
      outgoing.spawn(node, {
        module: 'erpc',
        function: 'execute_call',
        args: (id) => [id, atom(module), atom(name), args],
        from: null,
        link: false,
        monitor: true,
        notify: (reason, id) => void call.reply(readEnd(reason, id)),
        call,
        started: (_pid, monitor) => {
          (call as ErpcCall).watch = monitor === undefined ? undefined : () => runtime.demonitor(monitor);
        },
      });
    },
  );
  if (result.tag === 'returned') return result.value;
  throw new ErpcError(what, result);
}

interface Returned {
  readonly tag: 'returned';
  readonly value: unknown;
}

class ErpcCall extends Call {
  readonly request: Asked;
  /** Takes the monitor away. */
  watch: (() => void) | undefined = undefined;
  readonly #resolve: (result: ErpcFailure | Returned) => void;
  readonly #reject: (failure: CallFailure) => void;
  constructor(
    request: Asked,
    resolve: (result: ErpcFailure | Returned) => void,
    reject: (failure: CallFailure) => void,
  ) {
    super();
    this.request = request;
    this.#resolve = resolve;
    this.#reject = reject;
  }
  protected onReply(value: unknown): void {
    this.#resolve(value as ErpcFailure | Returned);
  }
  protected onFailure(failure: CallFailure): void {
    this.watch?.();
    this.#reject(failure);
  }
}

/** What the end of the process there says. */
function readEnd(reason: unknown, id: ReferenceTerm): ErpcFailure | Returned {
  const [ref, tag, value, stack] = reason instanceof Tuple ? (reason.elements as readonly unknown[]) : [];
  if (ref instanceof ReferenceTerm && sameReference(ref, id)) {
    if (isAtom(tag, 'return')) return { tag: 'returned', value };
    if (isAtom(tag, 'throw')) return exception('throw', value);
    if (isAtom(tag, 'exit')) return exception('exit', reasonFromTerm(value));
    if (isAtom(tag, 'error')) return exception('error', reasonFromTerm(value), stack);
  }
  return reason === 'noconnection' ? { tag: 'noconnection' } : { tag: 'signal', reason };
}

const exception = (kind: 'error' | 'exit' | 'throw', reason: unknown, stack: unknown = []): ErpcFailure => ({
  tag: 'exception',
  class: kind,
  reason,
  stack,
});

function resultOf(outcome: Outcome): ErpcFailure | Returned {
  switch (outcome.tag) {
    case 'return':
      return { tag: 'returned', value: outcome.value };
    case 'throw':
      return exception('throw', outcome.value);
    case 'exit':
    case 'error':
      return exception(outcome.tag, reasonFromTerm(outcome.reason));
  }
}

function failureOf(failure: CallFailure): ErpcFailure {
  if (failure.tag !== 'exit') return failure;
  const { reason } = failure;
  if (reason === 'noconnection' || reason === 'notsup' || reason === 'system_limit') return { tag: reason };
  return { tag: 'refused', reason };
}
