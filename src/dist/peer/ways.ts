/**
 * A connection by whichever carrier gets one first, of those that take the name.
 *
 * They are tried in the order in which they were given: the next one begins when the one before has failed, or is slow. So nodes that
 * reach each other are connected directly, and others through a relay. Whoever comes second is closed (after RFC 8305).
 */
import type { Clock, TimerId } from '../../actor/clock.ts';
import type { Carrier, DistStreamEvents, Setup, SetupResult } from '../carrier.ts';

/** Milliseconds after which the next one begins too. */
const SLOW = 1_000;

const NONE: SetupResult = { ok: false, reason: 'connect_failed', detail: 'no carrier takes that name' };

/** Never rejects. */
export function setUp(carriers: readonly Carrier[], clock: Clock, setup: Setup): Promise<SetupResult> {
  const [only, ...others] = carriers;
  if (only === undefined) return Promise.resolve(NONE);
  if (others.length === 0) return only.setup(setup);
  return new Promise((resolve) => {
    new Race(carriers, clock, setup, resolve).begin();
  });
}

class Race {
  readonly #carriers: readonly Carrier[];
  readonly #clock: Clock;
  readonly #setup: Setup;
  readonly #resolve: (result: SetupResult) => void;
  readonly #attempts: { readonly controller: AbortController; over: boolean }[] = [];
  /** Of all that failed, the first: the best way says the most. */
  #failure: SetupResult | undefined;
  #decided = false;
  #timer: TimerId | undefined;

  constructor(
    carriers: readonly Carrier[],
    clock: Clock,
    setup: Setup,
    resolve: (result: SetupResult) => void,
  ) {
    this.#carriers = carriers;
    this.#clock = clock;
    this.#setup = setup;
    this.#resolve = resolve;
  }

  begin(): void {
    this.#setup.signal.addEventListener('abort', this.#abort, { once: true });
    this.#next();
  }

  readonly #abort = (): void => {
    for (const { controller } of this.#attempts) controller.abort();
  };

  #next(): void {
    const at = this.#attempts.length;
    const carrier = this.#carriers[at];
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    if (carrier === undefined || this.#decided || this.#setup.signal.aborted) return;
    const attempt = { controller: new AbortController(), over: false };
    this.#attempts.push(attempt);
    this.#timer = this.#clock.setTimer(SLOW, () => this.#next());
    const events = new Relay(this.#setup.events);
    const { signal } = attempt.controller;
    carrier.setup({ ...this.#setup, signal, events }).then(
      (result) => this.#result(at, result, events),
      (error: unknown) =>
        this.#result(at, { ok: false, reason: 'connect_failed', detail: String(error) }, events),
    );
  }

  #result(at: number, result: SetupResult, events: Relay): void {
    const attempt = this.#attempts[at];
    if (attempt !== undefined) attempt.over = true;
    if (this.#decided) {
      if (result.ok) result.stream.close();
      return;
    }
    if (result.ok) {
      this.#decide(result);
      events.win();
      return;
    }
    if (at === 0 || this.#failure === undefined) this.#failure = result;
    this.#next();
    if (this.#attempts.every(({ over }) => over)) this.#decide(this.#failure);
  }

  #decide(result: SetupResult): void {
    this.#decided = true;
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    this.#setup.signal.removeEventListener('abort', this.#abort);
    for (const { controller, over } of this.#attempts) if (!over) controller.abort();
    this.#resolve(result);
  }
}

/** What happens on a stream is told when its attempt has won, and not before. */
class Relay implements DistStreamEvents {
  readonly #events: DistStreamEvents;
  #won = false;
  #closed: string | undefined;
  readonly #early: Uint8Array[] = [];

  constructor(events: DistStreamEvents) {
    this.#events = events;
  }

  win(): void {
    this.#won = true;
    for (const bytes of this.#early.splice(0)) this.#events.onData(bytes);
    if (this.#closed !== undefined) this.#events.onClosed(this.#closed);
  }

  onData(bytes: Uint8Array): void {
    if (this.#won) this.#events.onData(bytes);
    // nobody speaks before we do: what comes is little, or a mistake
    else if (this.#early.length < 16) this.#early.push(Uint8Array.prototype.slice.call(bytes));
  }

  onDrain(): void {
    if (this.#won) this.#events.onDrain();
  }

  onClosed(reason: string): void {
    if (this.#won) this.#events.onClosed(reason);
    else this.#closed = reason;
  }
}
