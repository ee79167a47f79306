/**
 * What users listen to: the events of a node or client, as an `EventTarget`.
 *
 * Listeners run at once, in the middle of the actor that tells; nothing is queued. One that throws or rejects is
 * reported (`runtime.defect`) and harms nobody. Listeners hear every occurrence, also those left out of the log.
 */
import { setMaxListeners } from 'node:events';
import { isEventName, type EventFields, type EventName } from './catalogue.ts';

/** Listeners of one node or client in all: more is a leak. */
export const LISTENERS = 256;

/** An event of the catalogue; `detail` is frozen. */
export interface NodeEvent<Name extends EventName = EventName> extends Event {
  readonly type: Name;
  readonly detail: EventFields<Name>;
}

export type NodeEventListener<Name extends EventName> =
  ((event: NodeEvent<Name>) => unknown) | { handleEvent(event: NodeEvent<Name>): unknown };

export interface ListenOptions {
  readonly once?: boolean;
  /** Ends the listening. */
  readonly signal?: AbortSignal;
}

/**
 * The events of a node or client. Names and fields are those of the catalogue in docs/operations.md. Throws
 * `RangeError` above 256 listeners and `TypeError` for a name that is none.
 */
export interface NodeEvents extends EventTarget {
  addEventListener<Name extends EventName>(
    type: Name,
    listener: NodeEventListener<Name>,
    options?: ListenOptions,
  ): void;
  removeEventListener<Name extends EventName>(type: Name, listener: NodeEventListener<Name>): void;
}

type AnyListener = ((event: Event) => unknown) | { handleEvent(event: Event): unknown };

interface Kept {
  readonly run: (event: Event) => void;
  readonly signal: AbortSignal | undefined;
  readonly onAbort: () => void;
}

/** What may go wrong in a listener, and how many there are, is judged here. */
export class EventSource extends EventTarget {
  readonly #kept = new Map<string, Map<AnyListener, Kept>>();
  readonly #onChange: () => void;
  readonly #onFault: (error: unknown) => void;
  #count = 0;

  constructor(onChange: () => void, onFault: (error: unknown) => void) {
    super();
    this.#onChange = onChange;
    this.#onFault = onFault;
    setMaxListeners(LISTENERS, this);
  }

  hears(name: EventName): boolean {
    return this.#kept.has(name);
  }

  tell<Name extends EventName>(name: Name, fields: EventFields<Name>): void {
    if (this.#kept.has(name)) this.dispatchEvent(new CustomEvent(name, { detail: Object.freeze(fields) }));
  }

  override addEventListener(
    type: string,
    listener: AnyListener | null,
    options?: ListenOptions | boolean,
  ): void {
    if (!isEventName(type)) throw new TypeError(`${type.slice(0, 64)} is not an event of a node`);
    if (listener === null || this.#kept.get(type)?.has(listener) === true) return;
    const { once = false, signal } = typeof options === 'object' ? options : {};
    if (signal?.aborted === true) return;
    if (this.#count >= LISTENERS) throw new RangeError(`more than ${LISTENERS} listeners`);
    const onAbort = (): void => this.removeEventListener(type, listener);
    const run = (event: Event): void => {
      if (once) onAbort();
      this.#run(listener, event);
    };
    const kept = this.#kept.get(type) ?? new Map<AnyListener, Kept>();
    this.#kept.set(type, kept.set(listener, { run, signal, onAbort }));
    this.#count++;
    signal?.addEventListener('abort', onAbort);
    super.addEventListener(type, run);
    this.#onChange();
  }

  override removeEventListener(type: string, listener: AnyListener | null): void {
    const kept = this.#kept.get(type);
    const found = listener === null ? undefined : kept?.get(listener);
    if (kept === undefined || listener === null || found === undefined) return;
    kept.delete(listener);
    if (kept.size === 0) this.#kept.delete(type);
    this.#count--;
    found.signal?.removeEventListener('abort', found.onAbort);
    super.removeEventListener(type, found.run);
    this.#onChange();
  }

  #run(listener: AnyListener, event: Event): void {
    try {
      const result =
        typeof listener === 'function' ? listener.call(this, event) : listener.handleEvent(event);
      // a promise that rejects would be an uncaught error
      if (result instanceof Promise) result.catch((error: unknown) => this.#onFault(error));
    } catch (error) {
      this.#onFault(error);
    }
  }
}
