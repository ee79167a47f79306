/**
 * The compiled command in a child process, for tests: lines as they come, a hard limit, nothing left behind.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { resolve } from 'node:path';

export const ROOT: string = resolve(import.meta.dirname, '../..');
export const MAIN: string = resolve(ROOT, 'dist/src/cli/main.js');
export const CALCULATOR = './examples/calculator.mjs';
export const SERVICES: string = resolve(import.meta.dirname, 'fixtures/services.mjs');

/** No child lives longer, milliseconds; what serves a whole file of tests says `limit`. */
const HARD_LIMIT = 25_000;
export const FILE_LIMIT = 240_000;

export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string;
  readonly cwd?: string;
  /** Milliseconds until it is killed. */
  readonly limit?: number;
}

const alive = new Set<Child>();

/** A program of Node in a child process. */
export class Child {
  readonly process: ChildProcess;
  readonly ended: Promise<Ended>;
  readonly #lines: string[] = [];
  readonly #waiting: (() => void)[] = [];
  #closed = false;

  constructor(args: readonly string[], options: RunOptions = {}) {
    const env = Object.fromEntries(
      Object.entries(process.env).filter(([name]) => !/^(ESPALIER_|NO_COLOR$|FORCE_COLOR$)/.test(name)),
    );
    this.process = spawn(process.execPath, args, {
      cwd: options.cwd ?? ROOT,
      env: { ...env, ...options.env },
      stdio: 'pipe',
      timeout: options.limit ?? HARD_LIMIT,
      killSignal: 'SIGKILL',
    });
    alive.add(this);
    // it may end without having read
    this.process.stdin?.on('error', () => undefined).end(options.input ?? '');
    const { stdout, stderr } = this.process;
    if (stdout === null || stderr === null) throw new Error('a child without pipes');
    let errors = '';
    stderr.setEncoding('utf8').on('data', (text: string) => {
      errors += text;
    });
    let written = '';
    stdout.setEncoding('utf8').on('data', (text: string) => {
      written += text;
    });
    createInterface({ input: stdout }).on('line', (line) => {
      this.#lines.push(line);
      this.#waiting.shift()?.();
    });
    this.ended = once(this.process, 'close').then((closed) => {
      const [code, signal] = closed as [number | null, NodeJS.Signals | null];
      alive.delete(this);
      this.#closed = true;
      for (const wake of this.#waiting.splice(0)) wake();
      return { code, signal, stdout: written, stderr: errors };
    });
  }

  /** The next line of its stdout. */
  async line(): Promise<string> {
    while (this.#lines.length === 0) {
      if (this.#closed) throw new Error(`the child ended: ${JSON.stringify(await this.ended)}`);
      await new Promise<void>((wake) => this.#waiting.push(wake));
    }
    return this.#lines.shift() ?? '';
  }

  /** The next line of its stdout, as JSON. */
  async json<T>(): Promise<T> {
    return JSON.parse(await this.line()) as T;
  }

  /** Sends a signal and waits for the end. */
  async end(signal: NodeJS.Signals = 'SIGTERM'): Promise<Ended> {
    this.process.kill(signal);
    return this.ended;
  }
}

export interface Ready {
  readonly event: string;
  readonly url: string;
  readonly id: string;
  readonly procedures?: readonly string[];
}

export const espalier = (args: readonly string[], options: RunOptions = {}): Child =>
  new Child([MAIN, ...args], options);

/** Runs a command to its end. */
export const run = (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
  espalier(args, options).ended;

/** A node that is ready, on a free port. */
export async function startNode(
  ...args: readonly string[]
): Promise<{ node: Child; url: string; id: string }> {
  return nodeWith({}, ...args);
}

/** A node that is ready and may serve a whole file of tests. */
export async function nodeWith(
  options: RunOptions,
  ...args: readonly string[]
): Promise<{ node: Child; url: string; id: string }> {
  const node = espalier(['node', '--listen', '127.0.0.1:0', '--json', ...args], options);
  const { url, id } = await node.json<Ready>();
  return { node, url, id };
}

/** A provider that is ready. */
export const advertise = (url: string, module: string, ...args: readonly string[]): Promise<Child> =>
  advertiseWith({}, url, module, ...args);

export async function advertiseWith(
  options: RunOptions,
  url: string,
  module: string,
  ...args: readonly string[]
): Promise<Child> {
  const provider = espalier(['advertise', url, module, '--json', ...args], options);
  await provider.json<Ready>();
  return provider;
}

/** For `afterEach`: ends what a failed test left running. */
export async function endAll(): Promise<void> {
  await Promise.all([...alive].map((child) => child.end('SIGKILL')));
}
