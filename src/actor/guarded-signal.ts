/**
 * The `AbortSignal` of a process: a real one whose listeners cannot harm the program.
 *
 * Node rethrows what an abort listener throws, and what an async one rejects with, as an uncaught exception
 * that ends every process of the thread. Here it is given to `onError` instead. What reaches the signal past
 * its own methods cannot be guarded: listeners of a signal that `AbortSignal.any` made of it, what
 * `events.addAbortListener` calls when it is aborted already, and `EventTarget.prototype.addEventListener.call`.
 * Source: DOM, EventTarget and AbortSignal.
 */
import { setMaxListeners } from 'node:events';

type Listener = Parameters<EventTarget['addEventListener']>[1];
type Callback = (this: AbortSignal, event: Event) => unknown;
type OnError = (error: unknown) => void;

/** Set right after the prototype; `guards` holds one guard per listener, so that removing finds it again. */
interface Guarded {
  onError: OnError;
  guards: WeakMap<object, Callback> | undefined;
}

const STATE = Symbol('guard');
const ONABORT = Symbol('onabort');
const nativeOnabort = Object.getOwnPropertyDescriptor(AbortSignal.prototype, 'onabort');

class GuardedSignal extends AbortSignal {
  declare [STATE]: Guarded;
  declare [ONABORT]: Callback | null | undefined;

  override addEventListener(
    type: string,
    listener: Listener,
    options?: Parameters<EventTarget['addEventListener']>[2],
  ): void {
    super.addEventListener(type, isListener(listener) ? guardOf(this, listener) : listener, options);
  }

  override removeEventListener(
    type: string,
    listener: Listener,
    options?: Parameters<EventTarget['removeEventListener']>[2],
  ): void {
    const guard = isListener(listener) ? this[STATE].guards?.get(listener) : undefined;
    super.removeEventListener(type, guard ?? listener, options);
  }

  override get onabort(): Callback | null {
    return this[ONABORT] ?? null;
  }
  override set onabort(listener: Callback | null) {
    const own = typeof listener === 'function' ? listener : null;
    this[ONABORT] = own;
    nativeOnabort?.set?.call(this, own === null ? null : guardOf(this, own));
  }
}

/** A controller whose signal gives `onError` what its listeners throw. `onError` must not throw. */
export function guardedController(onError: OnError): AbortController {
  const controller = new AbortController();
  const signal = Object.setPrototypeOf(controller.signal, GuardedSignal.prototype) as GuardedSignal;
  signal[STATE] = { onError, guards: undefined };
  // everything a process has under way may listen
  setMaxListeners(0, signal);
  return controller;
}

const isListener = (value: unknown): value is Listener & object =>
  typeof value === 'function' || (typeof value === 'object' && value !== null);

/** The same guard for the same listener: adding twice is adding once, removing finds it. */
function guardOf(signal: GuardedSignal, listener: (Listener | Callback) & object): Callback {
  const state = signal[STATE];
  const guards = (state.guards ??= new WeakMap());
  let guard = guards.get(listener);
  if (guard === undefined) {
    guard = (event) => {
      run(signal, listener, event, state.onError);
    };
    guards.set(listener, guard);
  }
  return guard;
}

function run(signal: AbortSignal, listener: Listener | Callback, event: Event, onError: OnError): void {
  try {
    const result: unknown =
      typeof listener === 'function' ? listener.call(signal, event) : listener.handleEvent(event);
    if (result instanceof Promise) result.catch(onError);
  } catch (error) {
    onError(error);
  }
}
