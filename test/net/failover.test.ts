/** SIGKILL of a provider, processes of their own over real QUIC (RELIABILITY §6). Runs on compiled code. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import type { ProviderView } from '../../src/mesh/router/strategy.ts';
import { startNode } from '../../src/node.ts';
import { contextOf } from '../mesh-world.ts';

const CHILD = fileURLToPath(new URL('failover-child.mjs', import.meta.url));
const children: ChildProcess[] = [];

interface Provider {
  readonly process: ChildProcess;
  readonly id: string;
  /** The next call of its slow handler has begun. */
  readonly began: () => Promise<void>;
}

/** Starts a provider that answers at once, or waits until it is killed; others find what it serves. */
async function provider(bootstrap: string, does: 'answers' | 'waits'): Promise<Provider> {
  const process = spawn(globalThis.process.execPath, [CHILD, bootstrap, does], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(process);
  const lines = createInterface({ input: process.stdout })[Symbol.asyncIterator]();
  const said = async (word: string): Promise<string> => {
    const line = await lines.next();
    const value = line.done === true ? undefined : (JSON.parse(line.value) as Record<string, string>)[word];
    return value ?? expect.fail(`the provider did not say ${word}`);
  };
  const id = await said('ready');
  return { process, id, began: async () => void (await said('began')) };
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
    const [first, second] = [await provider(node.url, 'waits'), await provider(node.url, 'answers')];
    const providers = await node.discover('work.slow', { forceRefresh: true });
    expect(providers.map(({ nodeId }) => nodeId).toSorted()).toEqual([first.id, second.id].toSorted());
    const strategy = (views: readonly ProviderView[]): ProviderView =>
      views.find(({ nodeId }) => nodeId === first.id) ?? views[0]!;
    for (const { id: target } of [first, second]) await node.call('work.pid', {}, { target });
    const before = contextOf(node).counters.callsOut;
    const safe = node.tryCall('work.slow', {}, { idempotent: true, strategy, timeout: 10_000 });
    const once = node.tryCall('work.slow', {}, { strategy, timeout: 2_000 });
    await first.began();
    await first.began();
    expect(contextOf(node).counters.callsOut).toBe(before + 2);
    const killed = performance.now();
    first.process.kill('SIGKILL');
    const result = await safe;
    const took = performance.now() - killed;
    expect(result.ok && result.value).toBe(second.process.pid);
    expect(took).toBeLessThanOrEqual(600);
    const other = await once;
    expect(other.ok === false && other.error.failure).toMatchObject({ sent: true });
    // nobody else was asked for that one
    expect(contextOf(node).counters.callsOut).toBe(before + 3);
    await node.close({ timeout: 100 });
  },
);
