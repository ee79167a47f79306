/**
 * What a whole process spends on links, measured in processes of their own; and what its death does to others.
 *
 * The children run the built library (`npm run build`).
 */
import { fork, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

import { afterEach, describe, expect, test } from 'vitest';

import type { PhysicalAddress } from '../../src/transport/transport.ts';
import { quicBench, until } from '../net/quic-bench.ts';
import { LinkRecorder } from '../transport/recorder.ts';

const CHILD = fileURLToPath(new URL('quic-child.mjs', import.meta.url));
const MIB = 1_048_576;
const bench = quicBench();

const children: ChildProcess[] = [];

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});

const start = (...args: string[]): ChildProcess => {
  const child = fork(CHILD, args, { execArgv: ['--expose-gc'] });
  children.push(child);
  return child;
};

const told = async <Message>(child: ChildProcess): Promise<Message> => {
  const [message] = (await once(child, 'message')) as [Message];
  return message;
};

const exited = async (child: ChildProcess): Promise<number | null> => {
  if (child.exitCode === null) await once(child, 'exit');
  return child.exitCode;
};

interface Look {
  readonly heap: number;
  readonly rss: number;
  readonly descriptors: number;
  readonly timers: number;
}

describe('links come and go', () => {
  test('3,000 times: the heap stays flat, descriptors and timers are as before', async () => {
    const child = start('cycles', '3000');
    const { looks } = await told<{ looks: Look[] }>(child);
    const { closed } = await told<{ closed: Look }>(child);
    const [first, ...rest] = looks as [Look, ...Look[]];
    const last = rest.at(-1) as Look;
    const slope = (last.rss - first.rss) / 3_000;
    console.log(
      `3,000 cycles: heap ${looks.map(({ heap }) => (heap / MIB).toFixed(2)).join(', ')} MiB, ` +
        `RSS ${looks.map(({ rss }) => (rss / MIB).toFixed(0)).join(', ')} MiB (${slope.toFixed(0)} bytes per cycle)`,
    );
    // a link left behind costs tens of kilobytes
    expect(last.heap - first.heap).toBeLessThan(MIB);
    expect(rest.map(({ descriptors, timers }) => [descriptors, timers])).toEqual(
      rest.map(() => [first.descriptors, first.timers]),
    );
    expect([closed.timers, first.descriptors - closed.descriptors]).toEqual([0, 2]);
    expect(await exited(child)).toBe(0);
  });
});

describe('256 MiB that pass', () => {
  test('never make V8 mark the whole heap: what was received is freed before', async () => {
    const child = start('bulk', '256');
    const { marked, scavenged } = await told<{ marked: number; scavenged: number }>(child);
    console.log(`256 MiB received: ${scavenged} scavenges, the whole heap marked ${marked} times`);
    expect(marked).toBeLessThanOrEqual(2);
    expect(await exited(child)).toBe(0);
  });
});

describe('a thousand links', () => {
  test('are all open, and cost less memory and less idle time than the classes of the library', async () => {
    const child = start('many', '1000');
    const cost = await told<{
      open: number;
      opening: number;
      rssPerLink: number;
      heapPerLink: number;
      share: number;
    }>(child);
    console.log(
      `1,000 links: ${(cost.rssPerLink / 1_000).toFixed(0)} kB of RSS and ${(cost.heapPerLink / 1_000).toFixed(1)} kB of heap ` +
        `for both ends, ${(cost.share * 100).toFixed(1)} % of a core when idle, opened in ${cost.opening.toFixed(0)} ms`,
    );
    expect(cost.open).toBe(1_000);
    expect(cost.rssPerLink).toBeLessThan(204_000);
    expect(cost.share).toBeLessThan(0.15);
    expect(await exited(child)).toBe(0);
  });
});

describe('unread windows', () => {
  test('of 200 links that send all they may keep a process below 512 MB', async () => {
    const child = start('listen');
    const { local, before } = await told<{ local: PhysicalAddress; before: number }>(child);
    const clients = await Promise.all(
      Array.from({ length: 4 }, () => bench.open({ limits: { queued: 64 * MIB } })),
    );
    const links: LinkRecorder[] = [];
    for (let index = 0; index < 200; index++) {
      const recorder = new LinkRecorder();
      recorder.link = (clients[index % 4] as (typeof clients)[number]).dial(
        { address: local, protocol: 'macula' },
        recorder,
      );
      links.push(recorder);
      await until(() => recorder.isOpen);
    }
    const body = new Uint8Array(300_000);
    for (const recorder of links)
      for (let stream = 0; stream < 40; stream++) recorder.tryOpen()?.stream.write(body);
    const still = (): number => links.reduce((sum, { link }) => sum + link.queued, 0);
    // until nothing moves any more
    for (let last = -1; last !== still();) {
      last = still();
      await bench.pass(2_000);
    }
    child.send('look');
    const look = await told<Look & { peak: number; links: number; bytes: number }>(child);
    console.log(
      `200 full links: RSS ${(before / MIB).toFixed(0)} → ${(look.rss / MIB).toFixed(0)} MiB, peak ${(look.peak / MIB).toFixed(0)} MiB`,
    );
    expect(look.links).toBe(200);
    expect(look.bytes).toBe(0);
    expect(look.peak).toBeLessThan(512_000_000);
    await Promise.all(clients.map((client) => client.close()));
  });
});

describe('a process', () => {
  test('without descriptors is told so, goes on, and opens endpoints again when some are free', async () => {
    const command = `ulimit -n 64 && exec "${process.execPath}" "${CHILD}" files`;
    const child = spawn('/bin/sh', ['-c', command], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    children.push(child);
    const result = await told<{
      opened: number;
      refused: { name: string; tag: string; code: string }[];
      state: string;
      again: boolean;
    }>(child);
    console.log(`64 descriptors: ${result.opened} endpoints, then ${result.refused[0]?.code}`);
    expect(result.refused.length).toBeGreaterThan(10);
    expect(new Set(result.refused.map(({ name, tag, code }) => `${name} ${tag} ${code}`))).toEqual(
      new Set(['TransportError bind_failed EMFILE']),
    );
    expect([result.state, result.again]).toEqual(['open', true]);
    expect(await exited(child)).toBe(0);
  });

  test('that is killed is noticed by its peers within the idle timeout and a second, and others are not disturbed', async () => {
    const idle = 2_000;
    const [victim, other] = [start('listen', String(idle)), start('listen', String(idle))];
    const addresses = await Promise.all(
      [victim, other].map((child) => told<{ local: PhysicalAddress }>(child)),
    );
    const client = await bench.open({ limits: { idleTimeout: idle, keepAlive: idle / 3 } });
    const [lost, kept] = addresses.map(({ local }) => {
      const recorder = new LinkRecorder();
      recorder.link = client.dial({ address: local, protocol: 'macula' }, recorder);
      return recorder;
    }) as [LinkRecorder, LinkRecorder];
    await until(() => lost.isOpen && kept.isOpen);
    victim.kill('SIGKILL');
    const since = performance.now();
    await until(() => lost.closed.length > 0);
    const took = performance.now() - since;
    console.log(`a killed peer was noticed after ${took.toFixed(0)} ms`);
    expect(lost.closed).toEqual([{ tag: 'idle_timeout' }]);
    expect(took).toBeLessThan(idle + 1_000);
    expect(kept.isOpen).toBe(true);
    await client.close();
    bench.empty();
  });
});
