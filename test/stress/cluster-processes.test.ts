/**
 * Twenty nodes of a cluster over real QUIC on loopback, in four processes: half of them are killed without a word and replaced.
 *
 * The children run the built library (`npm run build`).
 */
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { startNode } from '../../src/node.ts';

const CHILD = fileURLToPath(new URL('cluster-child.mjs', import.meta.url));
const NODES = 20;
const PROCESSES = 4;
/** Milliseconds after which a killed process is noticed on loopback, and then some. */
const NOTICED = 20_000;

/** What a node says of itself. */
interface Look {
  readonly name: string;
  readonly nodes: readonly string[];
  readonly ups: number;
  readonly downs: readonly string[];
}

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

async function start(count: number, url: string): Promise<readonly ChildProcess[]> {
  const started = Array.from({ length: count }, () => fork(CHILD, [String(NODES / PROCESSES), url]));
  children.push(...started);
  await Promise.all(started.map((child) => once(child, 'message')));
  return started;
}

async function look(processes: readonly ChildProcess[]): Promise<readonly Look[]> {
  const all = await Promise.all(
    processes.map(async (child) => {
      child.send('look');
      const [said] = (await once(child, 'message')) as [readonly Look[]];
      return said;
    }),
  );
  return all.flat();
}

/** Milliseconds until it is so. */
async function untilSo(
  processes: readonly ChildProcess[],
  so: (all: readonly Look[]) => boolean,
  limit: number,
): Promise<number> {
  const begun = performance.now();
  for (;;) {
    const all = await look(processes);
    const took = performance.now() - begun;
    if (so(all)) return Math.round(took);
    if (took > limit)
      expect.fail(`after ${limit} ms: ${all.map(({ nodes }) => nodes.length).join(' ')} are connected`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const haveMet = (all: readonly Look[]): boolean =>
  all.every(({ nodes }) => all.every(({ name }, at) => nodes.includes(name) || all[at]?.nodes === nodes));

const isFull = (all: readonly Look[]): boolean =>
  haveMet(all) && all.every(({ nodes }) => nodes.length === all.length - 1);

test('twenty nodes are all connected, once each, also after half of them were killed and replaced', async () => {
  const boot = await startNode({ listen: '127.0.0.1:0', logger: silentLogger });
  try {
    const begun = performance.now();
    const first = await start(PROCESSES, boot.url);
    const listening = Math.round(performance.now() - begun);
    const formed = await untilSo(first, isFull, 30_000);
    for (const { ups, downs } of await look(first))
      expect({ ups, downs }).toEqual({ ups: NODES - 1, downs: [] });

    const [dying, surviving] = [first.slice(0, PROCESSES / 2), first.slice(PROCESSES / 2)];
    const dead = (await look(dying)).map(({ name }) => name).toSorted();
    for (const child of dying) child.kill('SIGKILL');
    const replaced = await start(PROCESSES / 2, boot.url);
    const living = [...surviving, ...replaced];
    const joined = await untilSo(living, haveMet, 30_000);
    const full = await untilSo(living, isFull, NOTICED);
    console.info(
      `${NODES} nodes in ${PROCESSES} processes listen after ${listening} ms, all connected ${formed} ms later; ` +
        `half killed: those in their place are connected in ${joined} ms, the dead are gone ${full} ms later`,
    );
    for (const { ups, downs } of await look(surviving)) {
      expect(ups).toBe(NODES - 1 + NODES / 2);
      expect(downs.toSorted()).toEqual(dead);
    }
    for (const { downs } of await look(replaced)) expect(downs).toEqual([]);
  } finally {
    await boot.close({ timeout: 1_000 });
  }
});
