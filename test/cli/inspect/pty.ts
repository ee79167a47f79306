/** A command on a terminal of its own, as `script` of util-linux makes one: what it writes, what is typed, how it ends. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { MAIN, ROOT } from '../process.ts';

export const hasPty: boolean = spawnSync('script', ['--version']).status === 0;

/** No terminal lives longer, milliseconds. */
const LIMIT = 25_000;

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const alive = new Set<Pty>();

/** Everything of a shell word as it is. */
const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export class Pty {
  readonly #process: ChildProcess;
  /** The code, as a shell tells it: 128 and more for a signal. */
  readonly ended: Promise<number>;
  #text = '';
  #waiting: (() => void)[] = [];

  constructor(args: readonly string[], { columns, rows }: Size, env: Readonly<Record<string, string>>) {
    const command = [
      'echo "pid $$"',
      `stty rows ${rows} cols ${columns}`,
      `exec node ${[MAIN, ...args].map(quoted).join(' ')}`,
    ];
    const kept = Object.entries(process.env).filter(
      ([name]) => !/^(ESPALIER_|NO_COLOR$|FORCE_COLOR$)/.test(name),
    );
    this.#process = spawn('script', ['-qefc', command.join(' && '), '/dev/null'], {
      cwd: ROOT,
      env: { ...Object.fromEntries(kept), TERM: 'xterm-256color', SHELL: '/bin/sh', ...env },
      stdio: ['pipe', 'pipe', 'inherit'],
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    });
    alive.add(this);
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      for (const wake of this.#waiting.splice(0)) wake();
    });
    this.ended = new Promise((resolve) => {
      this.#process.on('close', (code) => {
        alive.delete(this);
        resolve(code ?? -1);
        for (const wake of this.#waiting.splice(0)) wake();
      });
    });
  }

  /** All that was written. */
  get text(): string {
    return this.#text;
  }

  /** Waits until what was written since `from` has this in it, and gives all since then. */
  async until(pattern: RegExp | string, from = 0): Promise<string> {
    const found = (): boolean => {
      const since = this.#text.slice(from);
      return typeof pattern === 'string' ? since.includes(pattern) : pattern.test(since);
    };
    while (!found()) {
      if (!alive.has(this))
        throw new Error(`it ended without ${String(pattern)}: ${JSON.stringify(this.#text)}`);
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
    return this.#text.slice(from);
  }

  type(keys: string): void {
    this.#process.stdin?.write(keys);
  }

  /** Of the command itself, not of the terminal. */
  kill(signal: NodeJS.Signals): void {
    const pid = /pid (\d+)/.exec(this.#text)?.[1];
    if (pid !== undefined) process.kill(Number(pid), signal);
  }

  end(): void {
    this.#process.kill('SIGKILL');
  }
}

/** For `afterEach`: ends what a failed test left running. */
export async function endTerminals(): Promise<void> {
  for (const pty of alive) pty.end();
  await Promise.all([...alive].map(({ ended }) => ended));
}
