/**
 * A child process that answers over IPC, with a limit on every wait.
 *
 * It ends itself when the channel closes, so nothing is left behind when the bench is killed; one that does
 * not end is killed.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** Bytes of stderr kept to explain a failure. */
const KEPT_STDERR = 2_000;
/** Milliseconds a child may take to end by itself. */
const GOODBYE = 1_500;

/** `silent`: it lives but did not answer in time. `ended`: it is gone. */
export class ChildFailure extends Error {
  readonly tag: 'silent' | 'ended';
  constructor(tag: 'silent' | 'ended', message: string) {
    super(message);
    this.name = 'ChildFailure';
    this.tag = tag;
  }
}

/** A child that sends `Out`, and is sent `In`. Both sides are ours: messages are not checked. */
export class Child<In extends object, Out> {
  readonly #name: string;
  readonly #process: ChildProcess;
  readonly #inbox: Out[] = [];
  #stderr = '';
  #wake: (() => void) | undefined;

  constructor(name: string, script: URL, args: readonly string[]) {
    this.#name = name;
    this.#process = fork(script, args, {
      execArgv: ['--expose-gc'],
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    });
    this.#process.on('message', (message) => {
      this.#inbox.push(message as Out);
      this.#wake?.();
    });
    this.#process.on('exit', () => this.#wake?.());
    this.#process.on('error', () => this.#wake?.());
    this.#process.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
    });
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  send(message: In): void {
    if (this.#process.connected) this.#process.send(message);
  }

  /** The next message. Throws `ChildFailure` when none comes within `limit` ms. */
  async receive(limit: number): Promise<Out> {
    const deadline = performance.now() + limit;
    for (;;) {
      const message = this.#inbox.shift();
      if (message !== undefined) return message;
      if (this.#ended) throw new ChildFailure('ended', `${this.#name} ended: ${this.#lastWords()}`);
      const left = deadline - performance.now();
      if (left <= 0) throw new ChildFailure('silent', `${this.#name} was silent for ${limit} ms`);
      await this.#woken(left);
    }
  }

  /** Closes the channel and waits for the end. */
  async close(): Promise<void> {
    if (this.#ended) return;
    const exit = once(this.#process, 'exit');
    if (this.#process.connected) this.#process.disconnect();
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), GOODBYE);
    await exit;
    clearTimeout(timer);
  }

  get #ended(): boolean {
    return (
      this.#process.exitCode !== null || this.#process.signalCode !== null || this.#process.pid === undefined
    );
  }

  #woken(limit: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, limit);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** The line of stderr that says most: the last that names an error, else the last. */
  #lastWords(): string {
    const lines = this.#stderr.split('\n').filter((line) => line.trim() !== '');
    return (lines.findLast((line) => /error/i.test(line)) ?? lines.at(-1) ?? 'without a word').trim();
  }
}
