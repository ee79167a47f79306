/**
 * Who waits for an `AbortSignal`: one listener of the platform per signal, however many calls share it.
 *
 * One signal for all calls of a program is ordinary use. The platform warns from the eleventh listener on, and finds each
 * by walking through all of them.
 */
class Waiting {
  readonly runs = new Set<() => void>();
  readonly #signal: AbortSignal;
  readonly #tell = (): void => {
    listening.delete(this.#signal);
    for (const run of this.runs) run();
  };

  constructor(signal: AbortSignal) {
    this.#signal = signal;
    signal.addEventListener('abort', this.#tell, { once: true });
  }

  end(): void {
    listening.delete(this.#signal);
    this.#signal.removeEventListener('abort', this.#tell);
  }
}

const listening = new WeakMap<AbortSignal, Waiting>();

/** Runs `run` when the signal fires; it must not throw. Nothing for a signal that has fired: look at it first. */
export function onAbort(signal: AbortSignal | undefined, run: () => void): void {
  if (signal === undefined || signal.aborted) return;
  let waiting = listening.get(signal);
  if (waiting === undefined) listening.set(signal, (waiting = new Waiting(signal)));
  waiting.runs.add(run);
}

/** Takes that back. */
export function offAbort(signal: AbortSignal | undefined, run: () => void): void {
  const waiting = signal === undefined ? undefined : listening.get(signal);
  if (waiting?.runs.delete(run) === true && waiting.runs.size === 0) waiting.end();
}
