/**
 * Real Erlang nodes of the bench, and an EPMD of their own for them: nothing is left behind, and nothing else is met.
 */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { COOKIE } from './names.ts';

/** The sources, seen from `build/bench/dist/`. */
const SOURCES = ['dist_bench.erl', 'bench_ports.erl'].map((file) =>
  fileURLToPath(new URL(`../../../bench/dist/${file}`, import.meta.url)),
);
const HOST = '127.0.0.1';
/** Milliseconds for a node to start, for EPMD to listen, and for either to end by itself. */
const START = 20_000;
const EPMD_START = 5_000;
const GOODBYE = 2_000;

/** Where a node is found, and finds others: at an EPMD, ours unless there is another, or at ports that are told. */
export type Place = { readonly epmd?: number } | { readonly listens: number } | { readonly finds: number };

/** The compiled program, and EPMD. Made once, closed at the end. */
export class Erlang {
  readonly epmd: number;
  readonly release: string;
  readonly #folder: string;
  readonly #daemon: ChildProcess;

  private constructor(epmd: number, release: string, folder: string, daemon: ChildProcess) {
    this.epmd = epmd;
    this.release = release;
    this.#folder = folder;
    this.#daemon = daemon;
  }

  /** A string says why there is none. EPMD ends when the pipe to it does: also when the bench is killed. */
  static async open(): Promise<Erlang | string> {
    const folder = mkdtempSync(join(tmpdir(), 'espalier-dist-'));
    let daemon: ChildProcess | undefined;
    try {
      execFileSync('erlc', ['-o', folder, ...SOURCES], { stdio: ['ignore', 'pipe', 'pipe'] });
      const release = execFileSync(
        'erl',
        ['-noshell', '-eval', 'io:format("~s", [erlang:system_info(otp_release)]), halt().'],
        { encoding: 'utf8' },
      );
      const port = await freePort();
      daemon = spawn('sh', ['-c', `epmd -address ${HOST} -port ${port} & read -r _; kill $!`], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      daemon.stdin?.on('error', () => {});
      const failed = once(daemon, 'error').then(([error]) => Promise.reject(error as Error));
      await Promise.race([failed, listening(port)]);
      failed.catch(() => undefined);
      return new Erlang(port, release, folder, daemon);
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      daemon?.stdin?.end();
      const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
      return missing ? 'Erlang is not installed (erl, erlc, epmd)' : `Erlang does not work: ${String(error)}`;
    }
  }

  /** A node of that name, started with nothing that is not the default. */
  async node(name: string, place: Place = {}): Promise<ErlangNode> {
    const node = new ErlangNode(name, this.#folder, ...this.#found(place));
    const word = await node.word(START);
    if (word === 'ready') return node;
    await node.close();
    throw new Error(`${name} said ${word}`);
  }

  /** Arguments and environment. */
  #found(place: Place): [readonly string[], Readonly<Record<string, string>>] {
    const alone = ['-start_epmd', 'false'];
    if ('listens' in place || 'finds' in place) {
      const [variable, port] = 'listens' in place ? ['LISTENS', place.listens] : ['FINDS', place.finds];
      return [[...alone, '-epmd_module', 'bench_ports'], { [`BENCH_${variable}`]: String(port) }];
    }
    const { epmd } = place;
    return [epmd === undefined ? [] : alone, { ERL_EPMD_PORT: String(epmd ?? this.epmd) }];
  }

  async close(): Promise<void> {
    await ended(this.#daemon, () => this.#daemon.stdin?.end());
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

export class ErlangNode {
  readonly name: string;
  readonly #process: ChildProcess;
  readonly #words: string[] = [];
  #wake: (() => void) | undefined;

  constructor(
    name: string,
    folder: string,
    more: readonly string[],
    environment: Readonly<Record<string, string>>,
  ) {
    this.name = name;
    const args = [
      ...more,
      '-noshell',
      '-name',
      name,
      '-setcookie',
      COOKIE,
      '-pa',
      folder,
      '-run',
      'dist_bench',
      'main',
    ];
    this.#process = spawn('erl', [...args, '-kernel', 'inet_dist_use_interface', '{127,0,0,1}'], {
      stdio: ['pipe', 'pipe', 'ignore'],
      // one that crashes writes nothing into the folder it was called from
      env: { ...process.env, ...environment, ERL_CRASH_DUMP_BYTES: '0' },
    });
    const { stdout, stdin } = this.#process;
    stdin?.on('error', () => {});
    if (stdout !== null)
      createInterface({ input: stdout }).on('line', (line) => {
        this.#words.push(line);
        this.#wake?.();
      });
    this.#process.on('exit', () => this.#wake?.());
    this.#process.on('error', () => this.#wake?.());
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** Round trips per second, as dist_bench.erl measures them. */
  async run(
    kind: string,
    node: string,
    size: number,
    warm: number,
    window: number,
    limit: number,
  ): Promise<number> {
    this.#process.stdin?.write(`run ${kind} ${node} ${size} ${warm} ${window}\n`);
    const word = await this.word(warm + window + limit);
    const [, count, micros] = /^ok (\d+) (\d+)$/.exec(word) ?? [];
    if (count === undefined || micros === undefined) throw new Error(`${kind} with ${node}: ${word}`);
    return (Number(count) / Number(micros)) * 1_000_000;
  }

  /** Resolves when it is connected to that node. @param limit milliseconds. */
  async connect(node: string, limit: number): Promise<void> {
    this.#process.stdin?.write(`connect ${node} ${limit}\n`);
    const word = await this.word(2 * limit);
    if (word !== 'ok') throw new Error(`${this.name} could not connect to ${node}: ${word}`);
  }

  /** The next line. */
  async word(limit: number): Promise<string> {
    const deadline = performance.now() + limit;
    for (;;) {
      const word = this.#words.shift();
      if (word !== undefined) return word;
      if (hasEnded(this.#process)) throw new Error(`${this.name} ended`);
      const left = deadline - performance.now();
      if (left <= 0) throw new Error(`${this.name} was silent for ${limit} ms`);
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  close(): Promise<void> {
    return ended(this.#process, () => this.#process.stdin?.end());
  }
}

const hasEnded = ({ pid, exitCode, signalCode }: ChildProcess): boolean =>
  pid === undefined || exitCode !== null || signalCode !== null;

/** Asks it to end, and kills it when it does not. */
async function ended(child: ChildProcess, ask: () => void): Promise<void> {
  if (hasEnded(child)) return;
  const exit = once(child, 'exit');
  ask();
  const timer = setTimeout(() => child.kill('SIGKILL'), GOODBYE);
  await exit;
  clearTimeout(timer);
}

/** One nobody listens at now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when somebody listens there. */
async function listening(port: number): Promise<void> {
  const deadline = performance.now() + EPMD_START;
  for (;;) {
    const socket = connect(port, HOST);
    try {
      await once(socket, 'connect');
      return;
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 20));
    } finally {
      socket.destroy();
    }
  }
}
