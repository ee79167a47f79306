/**
 * Whole processes are killed without a word and started again: a node, a provider, a caller, over real QUIC.
 * Runs on compiled code (`npm run build`).
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { forget } from './forget.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { connect, type RemoteClient } from '../../src/node.ts';

const CHILD = fileURLToPath(new URL('process-child.mjs', import.meta.url));

export interface Child {
  readonly process: ChildProcess;
  /** The next line it prints. */
  said(): Promise<Record<string, unknown>>;
  kill(): Promise<void>;
}

export function child(...args: readonly string[]): Child {
  const process = spawn(globalThis.process.execPath, [CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let text = '';
  process.stdout.on('data', (bytes: Buffer) => {
    text += bytes.toString();
    const parts = text.split('\n');
    text = parts.pop() ?? '';
    for (const line of parts) {
      const waiter = waiting.shift();
      if (waiter === undefined) lines.push(line);
      else waiter(line);
    }
  });
  const exited = new Promise<void>((resolve) => process.once('exit', () => resolve()));
  const next = (): Promise<string> => new Promise((resolve) => waiting.push(resolve));
  return {
    process,
    said: async () => {
      const ended = exited.then((): string => {
        throw new Error(`the ${args[0] ?? ''} ended before it spoke`);
      });
      forget(ended);
      const line = lines.shift() ?? (await Promise.race([next(), ended]));
      return JSON.parse(line) as Record<string, unknown>;
    },
    kill: async () => {
      process.kill('SIGKILL');
      await exited;
    },
  };
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => void setTimeout(resolve, ms));

/** Calls all the time; every outcome with the time its call began. */
class Caller {
  readonly #timer: NodeJS.Timeout;
  readonly #outcomes: { readonly at: number; readonly value: unknown }[] = [];

  constructor(client: RemoteClient, procedure: string) {
    this.#timer = setInterval(() => {
      const entry: { readonly at: number; value: unknown } = { at: performance.now(), value: undefined };
      this.#outcomes.push(entry);
      forget(
        client.tryCall(procedure, {}, { timeout: 1_000 }).then((result) => {
          entry.value = result.ok ? result.value : false;
        }),
      );
    }, 20);
  }

  /** When the first of ten calls in a row began that gave `expected`, after `since`; undefined when none did yet. */
  steadySince(since: number, expected: unknown): number | undefined {
    let row: number[] = [];
    for (const { at, value } of this.#outcomes) {
      if (at < since) continue;
      if (value === expected) row.push(at);
      else row = [];
      if (row.length === 10) return row[0];
    }
    return undefined;
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

export interface Figures {
  /** Milliseconds from the restarted process's readiness until calls succeed again, per run. */
  readonly took: readonly number[];
}

export const describeFigures = (what: string, { took }: Figures): string => {
  const sorted = took.toSorted((a, b) => a - b).map(Math.round);
  return `${what}: ${took.length} of ${took.length}, median ${sorted[sorted.length >> 1]} ms, most ${sorted.at(-1)} ms`;
};

export interface Kills {
  readonly runs: number;
  /** Milliseconds a killed process stays away, by run. */
  readonly away: (run: number) => number;
  /** A call must succeed so long after the process is back, ms. */
  readonly limit: number;
}

/** Kills and restarts one of the three, run after run. Throws when it does not come back in time. */
export async function killProcesses(
  which: 'node' | 'provider' | 'caller',
  { runs, away, limit }: Kills,
): Promise<Figures> {
  const keys = ['node', 'provider'].map((name) =>
    join(tmpdir(), `espalier-${name}-${process.pid}-${which}.pem`),
  );
  // every other run with the same key, else with a fresh one
  const key = (index: number, run: number): string[] => (run % 2 === 0 ? [keys[index] as string] : []);
  let node = child('node', '0', ...key(0, 0));
  const url = (await node.said())['ready'] as string;
  const { port } = new URL(url);
  let provider = child('provider', url, ...key(1, 0));
  await provider.said();
  let caller = which === 'caller' ? child('caller', url) : undefined;
  await caller?.said();
  const client = await connect(url, { logger: silentLogger });
  const load = new Caller(client, which === 'caller' ? 'node.pid' : 'work.pid');
  const took: number[] = [];
  try {
    for (let run = 0; run < runs; run++) {
      const victim = which === 'node' ? node : which === 'provider' ? provider : caller;
      await sleep(100);
      await victim?.kill();
      await sleep(away(run));
      let back: number;
      let since: () => number | undefined;
      if (which === 'caller') {
        caller = child('caller', url);
        await caller.said();
        back = performance.now();
        const { called } = await caller.said();
        const at = called === provider.process.pid ? performance.now() : undefined;
        since = () => at;
      } else {
        const fresh =
          which === 'node' ? child('node', port, ...key(0, run)) : child('provider', url, ...key(1, run));
        if (which === 'node') node = fresh;
        else provider = fresh;
        await fresh.said();
        back = performance.now();
        since = () => load.steadySince(back, provider.process.pid);
      }
      while (since() === undefined) {
        if (performance.now() - back > limit + 2_000)
          throw new Error(`run ${run}: no call succeeds ${limit} ms after the ${which} is back`);
        await sleep(20);
      }
      took.push((since() as number) - back);
    }
  } finally {
    load.stop();
    await client.disconnect({ timeout: 100 });
    for (const one of [node, provider, caller]) await one?.kill();
    for (const file of keys) rmSync(file, { force: true });
  }
  return { took };
}
