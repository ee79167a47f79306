/** SIGKILL of a provider, processes of their own over real QUIC (RELIABILITY §6). Runs on compiled code. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import type { ProviderView } from '../../src/mesh/router/strategy.ts';
import { startNode } from '../../src/node.ts';
import { contextOf } from '../mesh-world.ts';
import { until } from './quic-bench.ts';

const CHILD = fileURLToPath(new URL('failover-child.mjs', import.meta.url));
const children: ChildProcess[] = [];

/** Starts a provider; gives its id once others find what it serves. */
async function provider(bootstrap: string): Promise<{ readonly process: ChildProcess; readonly id: string }> {
  const process = spawn(globalThis.process.execPath, [CHILD, bootstrap], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  children.push(process);
  const [line] = (await once(process.stdout, 'data')) as [Buffer];
  return { process, id: (JSON.parse(line.toString()) as { ready: string }).ready };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

// a machine that is busy with something else may be late once
test(
  'SIGKILL of a provider: an idempotent call is answered by another within 600 ms, any other is told that it was sent',
  { retry: 2 },
  async () => {
    const node = await startNode({ listen: '127.0.0.1:0', logger: silentLogger });
    const [first, second] = [await provider(node.url), await provider(node.url)];
    const providers = await node.discover('work.slow', { forceRefresh: true });
    expect(providers.map(({ nodeId }) => nodeId).toSorted()).toEqual([first.id, second.id].toSorted());
    const strategy = (views: readonly ProviderView[]): ProviderView =>
      views.find(({ nodeId }) => nodeId === first.id) ?? views[0]!;
    for (const { id: target } of [first, second]) await node.call('work.pid', {}, { target });
    const before = contextOf(node).counters.callsOut;
    const safe = node.tryCall('work.slow', {}, { idempotent: true, strategy, timeout: 10_000 });
    const once = node.tryCall('work.slow', {}, { strategy, timeout: 2_000 });
    await until(() => contextOf(node).counters.callsOut === before + 2);
    await new Promise((resolve) => setTimeout(resolve, 100));
    first.process.kill('SIGKILL');
    const killed = performance.now();
    await until(() => contextOf(node).counters.callsOut === before + 3);
    const took = performance.now() - killed;
    second.process.stdin?.write('go');
    const result = await safe;
    expect(result.ok && result.value).toBe(second.process.pid);
    expect(took).toBeLessThanOrEqual(600);
    const other = await once;
    expect(other.ok === false && other.error.failure).toMatchObject({ sent: true });
    await node.close({ timeout: 100 });
  },
);
