/** Processes of their own: killed ones are noticed, and nothing keeps one alive that has closed everything. */
import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import { connect, startNode } from '../../src/node.ts';
import { contextOf } from '../mesh-world.ts';
import { until } from '../net/quic-bench.ts';

const CHILD = fileURLToPath(new URL('mesh-child.mjs', import.meta.url));
const logger = silentLogger;
const children: ChildProcess[] = [];

interface Child {
  readonly process: ChildProcess;
  /** The first line it prints. */
  readonly said: Promise<Record<string, unknown>>;
  readonly exited: Promise<number | null>;
}

function child(...args: readonly string[]): Child {
  const process = spawn(globalThis.process.execPath, [CHILD, ...args], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(process);
  const said = new Promise<Record<string, unknown>>((resolve, reject) => {
    let text = '';
    process.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (text.includes('\n'))
        resolve(JSON.parse(text.slice(0, text.indexOf('\n'))) as Record<string, unknown>);
    });
    process.once('exit', () => reject(new Error(`ended before it spoke: ${text}`)));
  });
  return { process, said, exited: new Promise((resolve) => process.once('exit', resolve)) };
}

afterEach(() => {
  for (const process of children.splice(0)) process.kill('SIGKILL');
});

/** Calls until it works. */
async function answered(caller: Client, procedure: string, limit: number): Promise<void> {
  const deadline = performance.now() + limit;
  for (;;) {
    const result = await caller.tryCall(procedure, {}, { timeout: 500 });
    if (result.ok) return;
    if (performance.now() > deadline) throw result.error;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

describe('a process', () => {
  test.each([
    ['once', { value: 2, lost: false }],
    ['fail', { tags: ['bind_failed', 'unauthorized', 'unauthorized', 'timeout'] }],
  ])('that did "%s" and closed everything ends by itself', async (mode, expected) => {
    const { said, exited, process } = child(mode);
    expect(await said).toEqual(expected);
    const spoke = performance.now();
    const deadline = setTimeout(() => process.kill('SIGKILL'), 5_000);
    expect(await exited).toBe(0);
    clearTimeout(deadline);
    expect(performance.now() - spoke).toBeLessThan(3_000);
  });

  test('SIGKILL of a client is noticed by its node: its call fails as sent, its procedures are gone', async () => {
    const node = await startNode({
      listen: '127.0.0.1:0',
      logger,
      limits: { idleTimeout: 1_500, keepAlive: 400 },
    });
    const { process, said } = child('serve', node.url);
    await said;
    expect(await node.call('child.echo', { still: 'there' })).toEqual({ still: 'there' });
    const hung = node.tryCall('child.hang', {}, { timeout: 60_000 });
    await until(() => contextOf(node).counters.callsOut === 2);
    process.kill('SIGKILL');
    const result = await hung;
    expect(result.ok === false && result.error.failure).toMatchObject({
      tag: 'connection_error',
      sent: true,
    });
    const after = await node.tryCall('child.echo');
    expect(after.ok === false && after.error.failure.tag).toBe('service_not_found');
    await node.close();
  });

  test('SIGKILL of a node is noticed by its client, which comes back with the node', async () => {
    const { process, said } = child('node');
    const url = (await said)['ready'] as string;
    const client = await connect(url, { logger, limits: { idleTimeout: 1_500, keepAlive: 400 } });
    const hung = client.tryCall('node.hang', {}, { timeout: 60_000 });
    await until(() => contextOf(client).counters.callsOut === 1);
    process.kill('SIGKILL');
    const result = await hung;
    expect(result.ok === false && result.error.failure).toMatchObject({
      tag: 'connection_error',
      sent: true,
    });
    const after = await client.tryCall('node.hang');
    expect(after.ok === false && after.error.failure).toMatchObject({ tag: 'connection_error', sent: false });
    const second = await startNode({ listen: new URL(url).host, logger });
    await second.advertise('node.back', () => 'back');
    await answered(client, 'node.back', 20_000);
    await client.disconnect();
    await second.close();
  });
});
