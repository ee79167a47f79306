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

const UNWANTED: SetupResult = {
  ok: false,
  reason: 'connect_failed',
  detail: 'nobody wants the connection any more',
};

/** Never rejects. */
export function setUp(carriers: readonly Carrier[], clock: Clock, setup: Setup): Promise<SetupResult> {
  const [only, ...others] = carriers;
  if (only === undefined) return Promise.resolve(NONE);
  if (setup.signal.aborted) return Promise.resolve(UNWANTED);
  if (others.length === 0) return attempt(only, setup);
  return new Promise((resolve) => {
    new Race(carriers, clock, setup, resolve).begin();
  });
}

/** Carriers may be anybody's: one that throws, or rejects, has failed. */
async function attempt(carrier: Carrier, setup: Setup): Promise<SetupResult> {
  try {
    return await carrier.setup(setup);
  } catch (error) {
    return { ok: false, reason: 'connect_failed', detail: String(error) };
  }
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
    const controller = new AbortController();
    this.#attempts.push({ controller, over: false });
    this.#timer = this.#clock.setTimer(SLOW, () => this.#next());
    const events = new Relay(this.#setup.events);
    const { signal } = controller;
    attempt(carrier, { ...this.#setup, signal, events }).then(
      (result) => this.#result(at, result, events),
      // it never rejects
      () => {},
    );
  }

  #result(at: number, result: SetupResult, events: Relay): void {
    const own = this.#attempts[at];
    if (own !== undefined) own.over = true;
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
