/**
 * `calls-process.js IN_FLIGHT CALLS`: calls of an echo of 100 B at another process, whose cost counts too;
 * `calls-process.js local CALLS`: in this one.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { connect, startNode, type Node } from '../../src/index.ts';

const text = 'x'.repeat(100);
const [role, calls] = process.argv.slice(2);

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return user + system;
};

async function serving(): Promise<Node> {
  const node = await startNode({ listen: '127.0.0.1:0' });
  await node.advertise('bench.echo', (args) => args);
  return node;
}

async function serve(): Promise<void> {
  const node = await serving();
  // nobody is left to serve
  process.once('disconnect', () => process.exit(1));
  process.send?.(node.url);
  await once(process, 'message');
  process.send?.(cpu(), () => process.exit(0));
}

async function ask(inFlight: number): Promise<void> {
  const server = fork(fileURLToPath(import.meta.url), ['serve'], { execArgv: process.execArgv });
  server.once('exit', (code) => {
    if (code !== 0) process.exit(1);
  });
  const [url] = (await once(server, 'message')) as [string];
  const client = await connect(url);
  let left = Number(calls);
  const caller = async (): Promise<void> => {
    while (left-- > 0) await client.call('bench.echo', { text });
  };
  await Promise.all(Array.from({ length: inFlight }, caller));
  server.send('enough');
  const [theirs] = (await once(server, 'message')) as [number];
  process.stdout.write(String(cpu() + theirs), () => process.exit(0));
}

async function within(): Promise<void> {
  const node = await serving();
  for (let made = 0; made < Number(calls); made++) await node.call('bench.echo', { text });
  process.stdout.write(String(cpu()), () => process.exit(0));
}

const ROLES: Readonly<Record<string, () => Promise<void>>> = { serve, local: within };
await (ROLES[role ?? ''] ?? (() => ask(Number(role))))();
