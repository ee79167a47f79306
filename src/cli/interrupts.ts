/**
 * SIGINT and SIGTERM: the first asks the command to end in good order, the second ends it at once.
 *
 * The handlers stay until the process ends, so that a signal during the last steps cannot spoil the exit code.
 */
import { systemClock } from '../actor/clock.ts';
import { ExitCode } from './exit-code.ts';

const SIGNALS = ['SIGINT', 'SIGTERM'] as const;
export type Interrupt = (typeof SIGNALS)[number];

/** `npm run` passes Ctrl-C on although the terminal has sent it to us already: so close together two are one. Ms. */
const ECHO = 30;

export class Interrupts {
  /** Resolves with the first signal. */
  readonly first: Promise<Interrupt>;
  readonly #controller = new AbortController();
  #received: Interrupt | undefined;
  #at = 0;

  constructor() {
    this.first = new Promise((resolve) => {
      for (const name of SIGNALS) {
        process.on(name, () => {
          this.#take(name, resolve);
        });
      }
    });
  }

  /** Aborted by the first signal. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  get received(): Interrupt | undefined {
    return this.#received;
  }

  #take(name: Interrupt, resolve: (name: Interrupt) => void): void {
    const now = systemClock.now();
    if (this.#received === undefined) {
      this.#received = name;
      this.#at = now;
      this.#controller.abort(new Error(`interrupted by ${name}`));
      resolve(name);
    } else if (name === 'SIGTERM' || this.#received === 'SIGTERM' || now - this.#at > ECHO) {
      process.exit(ExitCode.interrupted);
    }
  }
}
