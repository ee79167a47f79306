/**
 * The steps of the demo that cross nodes as actors do: a process of another node, and a real Erlang.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import type { Clock } from '../../actor/clock.ts';
import { describeReason } from '../../actor/exit-reason.ts';
import { Down } from '../../actor/monitor.ts';
import type { Pid } from '../../actor/pid.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { atom } from '../../codec/etf/atom.ts';
import { tuple } from '../../codec/etf/terms.ts';
import type { Distribution } from '../../dist/distribution.ts';
import { startServer, stopServer, type GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import { worker } from '../../otp/supervisor.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import type { Json } from '../json-value.ts';

/** The name by which other nodes reach the provider's process. */
export const COUNTER = 'counter';
/** Milliseconds for an Erlang to start. */
const ERLANG = 10_000;
/** After which it ends by itself. */
const LONGEST = 60_000;
/** Between two pings of it. */
const LOOK = 50;

/** A GenServer like any other: nothing in it says that it is called from elsewhere. */
export const counterServer: GenServer<number, number, { pid(): Pid; add(amount: number): number }> = {
  label: COUNTER,
  init: (start) => start,
  handleCall: {
    pid: (_none, total, self) => reply(self.pid, total),
    add: (amount, total) => reply(total + amount, total + amount),
  },
};

export const counterChild = (): ChildSpec => worker(COUNTER, counterServer, 40, { name: COUNTER });

/** Calls a process of another node, watches it, kills it, and finds its successor. */
export async function acrossNodes(runtime: Runtime, dist: Distribution, node: string): Promise<Json> {
  const pid = (await dist.call(COUNTER, node, atom('pid'))) as Pid;
  const answer = await dist.call(COUNTER, node, tuple(atom('add'), 2));
  const reason = await new Promise<unknown>((resolve) => {
    const watcher: GenServer<undefined, null> = {
      label: 'watcher',
      init: (_none, self) => {
        self.monitor(pid);
        runtime.exit(pid, 'kill');
        return null;
      },
      handleInfo: (message, state) => {
        if (message instanceof Down) resolve(message.reason);
        return noReply(state);
      },
    };
    startServer(runtime, watcher, undefined).catch(resolve);
  });
  const again = (await dist.call(COUNTER, node, atom('pid'))) as Pid;
  return { answer: answer as number, down: describeReason(reason), restarted: again !== pid };
}

export const hasErlang = (path: string = process.env['PATH'] ?? ''): boolean =>
  path.split(delimiter).some((folder) => folder !== '' && existsSync(join(folder, 'erl')));

/** A free port of loopback, for an Erlang that asks no EPMD. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

export interface ErlangPlace {
  readonly name: string;
  /** Where it listens. */
  readonly port: number;
}

/** A node of Erlang: calls a function there, and a GenServer here from there. */
export async function withErlang(
  dist: Distribution,
  runtime: Runtime,
  { name, port }: ErlangPlace,
  cookie: string,
  clock: Clock,
): Promise<Json> {
  const child = startErlang(name, port, cookie);
  try {
    const deadline = clock.now() + ERLANG;
    while (!(await dist.ping(name))) {
      if (child.exitCode !== null || clock.now() > deadline) throw new Error('erl did not start');
      await new Promise<void>((resolve) => void clock.setTimer(LOOK, resolve));
    }
    const own = await startServer(runtime, counterServer, 5, { name: 'ours', scope: dist.names });
    const release = await dist.rpc(name, 'erlang', 'system_info', [atom('otp_release')]);
    const there = await dist.rpc(name, 'lists', 'sum', [[1, 2, 39]]);
    const back = await dist.rpc(name, 'gen_server', 'call', [
      tuple(atom('ours'), atom(dist.name)),
      tuple(atom('add'), 37),
    ]);
    await stopServer(own);
    return {
      otp: String.fromCharCode(...(release as readonly number[])),
      there: there as number,
      back: back as number,
    };
  } finally {
    child.kill('SIGKILL');
  }
}

function startErlang(name: string, port: number, cookie: string): ChildProcess {
  const fixed = ['-start_epmd', 'false', '-erl_epmd_port', String(port)];
  const loopback = ['-kernel', 'inet_dist_use_interface', '{127,0,0,1}'];
  // should the demo be killed
  const last = ['-eval', `timer:apply_after(${LONGEST}, erlang, halt, []).`];
  const args = ['-noshell', '-noinput', '-name', name, '-setcookie', cookie, ...fixed, ...loopback, ...last];
  const child = spawn('erl', args, { stdio: 'ignore' });
  child.on('error', () => undefined);
  return child;
}
