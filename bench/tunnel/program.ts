/**
 * A program of the command line in a process of its own: `espalier relay`, `espalier dist bridge`.
 *
 * It has a channel to us and no use for it: `guard.ts` ends it when the channel closes, so that nothing is left behind when the bench
 * is killed.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const CLI = new URL('../../src/cli/main.js', import.meta.url);
const GUARD = new URL('guard.js', import.meta.url).href;
/** Milliseconds to start, and to end by itself. */
const START = 20_000;
const GOODBYE = 2_000;
/** Bytes of stderr kept to explain a failure. */
const KEPT_STDERR = 2_000;

/** The line that says it is there. Both sides are ours: it is not checked. */
export interface Ready {
  readonly url?: string;
  readonly epmdPort?: number;
}

export class Program {
  readonly #process: ChildProcess;
  readonly #ready: Promise<Ready>;
  #stderr = '';
  /** When it said that it is there, ms since the epoch. */
  at = 0;

  constructor(args: readonly string[]) {
    this.#process = fork(fileURLToPath(CLI), [...args, '--json'], {
      execArgv: ['--import', GUARD],
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const { stdout, stderr } = this.#process;
    stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT_STDERR);
    });
    this.#ready = new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(new Error(`${args.slice(0, 2).join(' ')} ended: ${this.#stderr.trim()}`));
      const timer = setTimeout(fail, START);
      this.#process.once('exit', fail);
      this.#process.once('error', fail);
      if (stdout === null) return;
      createInterface({ input: stdout }).once('line', (line) => {
        clearTimeout(timer);
        this.at = performance.timeOrigin + performance.now();
        resolve(JSON.parse(line) as Ready);
      });
    });
    this.#ready.catch(() => undefined);
  }

  get pid(): number {
    return this.#process.pid ?? 0;
  }

  /** What it said when it was there. */
  ready(): Promise<Ready> {
    return this.#ready;
  }

  /** As a crash would end it: nobody is told. Resolves when it is gone. */
  kill(): Promise<void> {
    return this.#end('SIGKILL');
  }

  close(): Promise<void> {
    return this.#end('SIGTERM');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const { pid, exitCode, signalCode } = this.#process;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    const exit = once(this.#process, 'exit');
    this.#process.kill(signal);
    const timer = setTimeout(() => this.#process.kill('SIGKILL'), GOODBYE);
    await exit;
    clearTimeout(timer);
  }
}
