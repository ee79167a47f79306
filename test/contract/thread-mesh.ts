/**
 * What the contract tests of threads stand on: a node in real time, since threads take that.
 */
import { onTestFinished } from 'vitest';
import { systemClock } from '../../src/actor/clock.ts';
import { silentLogger } from '../../src/actor/logger.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import type { AdvertiseOptions } from '../../src/index.ts';
import { startNode, type Node } from '../../src/node.ts';
import { memoryNetwork } from '../../src/transport/memory/network.ts';
import { fixture } from '../isolation/threads.ts';

/** A handler that echoes `value`, or loops for ever when told to `spin`. */
export const HEAVY: URL = fixture('handler.mjs');

export const threads = (size: number): AdvertiseOptions => ({
  isolation: 'worker',
  worker: { size, spare: 0, heapMb: 16 },
});

export async function realNode(): Promise<Node> {
  const network = memoryNetwork({ clock: systemClock, random: seededRandom('threads'), delay: 1 });
  const node = await startNode({
    runtime: new Runtime({ logger: silentLogger }),
    realm: 'test',
    listen: '198.18.0.1:9443',
    transport: network.transport('198.18.0.1'),
  });
  onTestFinished(() => node.close({ timeout: 1_000 }));
  return node;
}
