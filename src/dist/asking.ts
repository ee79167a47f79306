/**
 * Functions that are asked for elsewhere, judged before anything is sent; and how long somebody waits. Pure but for the timer.
 *
 * The rule is that of `otp/arguments.ts`: a `TypeError` for a value of the wrong kind, a `RangeError` for a time that makes no
 * sense.
 */
import type { Call, CallFailure } from '../actor/call.ts';
import { cancelOn } from '../actor/cancel-on.ts';
import type { Runtime } from '../actor/runtime.ts';
import { ATOM_CHARACTERS } from '../codec/etf/atom.ts';
import { isWellFormedText } from '../codec/utf8.ts';
import { refuse, wrongArgument, wrongObject, wrongSignal } from '../otp/arguments.ts';
import { checkDuration } from '../otp/durations.ts';
import { CALL_TIMEOUT, type CallOptions } from '../otp/server-ref.ts';
import { isNodeName } from './node-name.ts';

/** `module:name(...args)` on a node. */
export interface Asked {
  readonly node: string;
  readonly module: string;
  readonly name: string;
  readonly args: readonly unknown[];
}

export const described = (what: string, { node, module, name }: Asked): string =>
  `${what} ${module}:${name}@${node}`;

/** Throws what is wrong with it. */
export function checkAsked({ node, module, name, args }: Asked): void {
  if (typeof node !== 'string' || !isNodeName(node)) throw wrongArgument('node', 'the name of a node', node);
  checkWord('module', module);
  checkWord('name', name);
  if (!Array.isArray(args)) throw wrongArgument('args', 'an array', args);
}

/** Throws when it cannot be an atom. */
export function checkWord(what: string, value: unknown): void {
  if (typeof value !== 'string') throw wrongArgument(what, 'a string', value);
  if (!isWellFormedText(value)) throw new TypeError(`${what} must be well-formed text`);
  if (value.length > ATOM_CHARACTERS)
    throw new RangeError(`${what} has more than ${ATOM_CHARACTERS} characters`);
}

/**
 * Something that is waited for: settled once by its answer, its failure, its deadline or the caller's signal.
 * @param start sends it; not called for a signal that has fired already.
 */
export function answerTo<Value>(
  runtime: Runtime,
  options: CallOptions,
  errorOf: (failure: CallFailure) => Error,
  make: (resolve: (value: Value) => void, reject: (failure: CallFailure) => void) => Call,
  start: (call: Call) => void,
): Promise<Value> {
  return new Promise((resolve, reject) => {
    refuse(wrongObject('options', 'an object', options));
    const { timeout = CALL_TIMEOUT, signal } = options;
    checkDuration('timeout', timeout);
    if (signal !== undefined) refuse(wrongSignal('signal', signal));
    const failed = (failure: CallFailure): void => reject(errorOf(failure));
    if (signal?.aborted === true) {
      failed({ tag: 'canceled', reason: signal.reason });
      return;
    }
    const call = signal === undefined ? make(resolve, failed) : cancelOn(signal, resolve, failed, make);
    if (timeout !== Infinity) runtime.timers.set(call, timeout);
    start(call);
  });
}
