/** A TypeScript node and a real Erlang node that know each other's cookie. */
import { execFileSync, spawn } from 'node:child_process';
import { afterAll } from 'vitest';
import { createRuntime, type Runtime } from '../../src/otp.ts';
import { TcpCarrier } from '../../src/dist/carriers/tcp/tcp.ts';
import { startDistribution, type Distribution, type DistributionOptions } from '../../src/distribution.ts';
import { ErlPort } from './erl-port.ts';

let names = 0;
const fresh = (kind: string): string => `${kind}${process.pid}_${++names}@127.0.0.1`;
const closers: (() => Promise<unknown>)[] = [];

afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

/** Starts EPMD where it does not run: an Erlang node would do the same. */
export function startEpmd(): void {
  spawn('epmd', ['-daemon'], { stdio: 'ignore' }).unref();
  for (let tries = 0; ; tries++) {
    try {
      execFileSync('epmd', ['-names'], { stdio: 'ignore' });
      return;
    } catch (error) {
      if (tries > 100) throw error;
    }
  }
}

export interface Ts {
  readonly runtime: Runtime;
  readonly dist: Distribution;
}

export async function tsNode(options: Partial<DistributionOptions> = {}): Promise<Ts> {
  startEpmd();
  const runtime = createRuntime({ logger: quiet });
  const dist = await startDistribution(runtime, {
    name: fresh('ts'),
    cookie: 'secret',
    carriers: [new TcpCarrier()],
    ...options,
  });
  closers.push(() => dist.close());
  return { runtime, dist };
}

const nothing = (): void => {};
const quiet = {
  trace: nothing,
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  fatal: nothing,
};

export interface Erl {
  readonly name: string;
  readonly erl: ErlPort;
}

export async function erlNode(
  cookie = 'secret',
  args: readonly string[] = [],
  name: string = fresh('erl'),
): Promise<Erl> {
  const erl = new ErlPort(['-name', name, '-setcookie', cookie, ...args]);
  closers.push(() => erl.close());
  await erl.eval('ok');
  return { name, erl };
}
