/**
 * The whole ladder of bad links over real QUIC, and what else a network does to a connection (RELIABILITY §8): bits
 * turned over, black holes, a NAT that forgets, a path that carries less than before. A node and a client that
 * reaches it through a proxy only; nothing is ever delivered wrong or twice, and nothing hangs.
 */
import { beforeAll, describe, expect, test } from 'vitest';

import type { Process } from '../../src/actor/process.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { RpcError, type Result } from '../../src/mesh/errors/rpc-error.ts';
import {
  asOnNetwork,
  climb,
  connectionOf as clientConnection,
  digest,
  LADDER,
  patience,
  rig,
  type Rig,
} from '../net/ladder.ts';
import { until } from '../net/quic-bench.ts';
import { gate, told } from '../mesh-world.ts';

/** Idle timeout of a loopback listener, ms. */
const IDLE = 10_000;

const sleep = (ms: number): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, ms);
  });

let next = 1_000;

/** The client's connection, as a process. */
const connectionOf = (at: Rig): Process => clientConnection(at) ?? expect.fail('not connected');

/** One small call; its answer is checked. */
async function echo(at: Rig, timeout: number): Promise<Result> {
  const id = next++;
  const result = await at.client.tryCall('ladder.echo', { id }, { timeout });
  if (result.ok) expect(result.value).toEqual({ id, pad: null });
  else expect(result.error).toBeInstanceOf(RpcError);
  expect(at.ran.get(id) ?? 0).toBeLessThanOrEqual(1);
  return result;
}

/** Sends `size` bytes and gets them back; both digests are checked. */
async function body(at: Rig, size: number, timeout: number): Promise<Result> {
  const id = next++;
  const bytes = seededRandom(id).bytes(size);
  const result = await at.client.tryCall('ladder.digest', { id, bytes }, { timeout });
  if (result.ok) {
    const answer = result.value as { digest: string; bytes: Uint8Array };
    expect([answer.digest, digest(answer.bytes)]).toEqual([digest(bytes), digest(bytes)]);
  } else expect(result.error).toBeInstanceOf(RpcError);
  expect(at.ran.get(id) ?? 0).toBeLessThanOrEqual(1);
  return result;
}

/** Deadline of calls that only a hang would reach, ms; what is not begun by `BEGIN` is not begun on the worst links. */
const LONG = 40_000;
const BEGIN = 10_000;
/** Beside a deadline, on a loaded machine, ms. */
const GRACE = 2_000;

describe.concurrent('the ladder', () => {
  beforeAll(asOnNetwork);

  for (const [level, conditions] of LADDER.entries()) {
    for (const side of ['toNode', 'toClient'] as const) {
      const name = `level ${level} ${side}`;
      const title =
        level <= 5
          ? '1 MiB and 200 calls, no wrong byte, no doubled message, none fails'
          : 'calls are answered, late or not at all with a type; no connection lives without hearing anything for longer than idle timeout + 2 s';
      test(`${name}: ${title}`, async () => {
        await using link = await rig({ seed: name, [side]: conditions });
        const { slowest, failed, answered, silence, ...rest } =
          level <= 5 ? await climb(link, patience(level)) : await climb(link, LONG, BEGIN);
        const { lost, duplicated, reordered } =
          link.proxy[side === 'toNode' ? 'toTarget' : 'toSource'].stats();
        console.info(
          `${name}: ${answered} answered, failed ${JSON.stringify(failed)}, slowest ${Math.round(slowest)} ms, ` +
            `silence ${Math.round(silence)} ms; ${lost} lost, ${duplicated} doubled, ${reordered} late`,
        );
        expect(rest).toEqual({ wrong: 0, doubled: 0 });
        expect(silence).toBeLessThan(IDLE + GRACE);
        if (level <= 5) {
          expect([answered, failed]).toEqual([201, {}]);
          expect(Math.min(duplicated, reordered)).toBeGreaterThan(0);
        } else {
          // an answer is possible on every level: the deadline is not what ends all of them
          expect(answered).toBeGreaterThan(0);
          expect(slowest).toBeLessThan(LONG + GRACE);
        }
      });
    }
  }
});

describe('damage', () => {
  test('1 % of datagrams with a bit turned over, 10 MiB each way: nothing damaged is delivered', async () => {
    await using link = await rig({ toNode: { corrupt: 0.01 }, toClient: { corrupt: 0.01 } });
    for (let round = 0; round < 10; round++) expect((await body(link, 1_048_576, 20_000)).ok).toBe(true);
    const { toTarget, toSource } = link.proxy;
    expect(Math.min(toTarget.stats().corrupted, toSource.stats().corrupted)).toBeGreaterThan(0);
    console.info(`damaged ${toTarget.stats().corrupted} + ${toSource.stats().corrupted}`);
  });
});

describe('a black hole', () => {
  test('of 5 s without calls outstanding: the same connection goes on', async () => {
    await using link = await rig();
    expect((await echo(link, 5_000)).ok).toBe(true);
    const connection = connectionOf(link);
    link.proxy.blackHole(true);
    await sleep(5_000);
    link.proxy.blackHole(false);
    expect((await echo(link, 5_000)).ok).toBe(true);
    expect(connectionOf(link)).toBe(connection);
  });

  test('of 5 s with calls outstanding: they and the connection survive, each runs once', async () => {
    await using link = await rig();
    const done = gate();
    let begun = 0;
    await link.node.advertise('ladder.wait', async () => {
      begun++;
      await done.promise;
      return 'done';
    });
    const connection = connectionOf(link);
    const waiting = Array.from({ length: 10 }, () =>
      link.client.tryCall('ladder.wait', {}, { timeout: 20_000 }),
    );
    await until(() => begun === 10);
    link.proxy.blackHole(true);
    done.open();
    const made = Array.from({ length: 10 }, () => echo(link, 20_000));
    made.push(body(link, 200_000, 20_000));
    await sleep(5_000);
    link.proxy.blackHole(false);
    expect((await Promise.all(waiting)).map(told)).toEqual(waiting.map(() => 'done'));
    expect((await Promise.all(made)).every(({ ok }) => ok)).toBe(true);
    expect(begun).toBe(10);
    expect(connectionOf(link)).toBe(connection);
  });

  test('longer than the idle timeout without calls outstanding: the connection is gone within 1 s more', async () => {
    const limits = { idleTimeout: 6_000, keepAlive: 2_000 };
    await using link = await rig({ node: { limits }, client: { limits } });
    await echo(link, 5_000);
    const connection = connectionOf(link);
    link.proxy.blackHole(true);
    const began = performance.now();
    await until(() => !connection.alive, limits.idleTimeout + 1_000);
    expect(performance.now() - began).toBeGreaterThan(limits.idleTimeout - limits.keepAlive - 100);
    link.proxy.blackHole(false);
  });

  test('longer than the idle timeout: connection_error within 1 s more, and calls work again after it', async () => {
    const limits = { idleTimeout: 3_000, keepAlive: 1_000 };
    await using link = await rig({ node: { limits }, client: { limits } });
    await link.node.advertise('ladder.wait', () => new Promise(() => undefined));
    await echo(link, 5_000);
    const connection = connectionOf(link);
    const waiting = link.client.tryCall('ladder.wait', {}, { timeout: 30_000 });
    await echo(link, 5_000);
    const began = performance.now();
    link.proxy.blackHole(true);
    const result = await waiting;
    expect(performance.now() - began).toBeLessThan(limits.idleTimeout + 1_000);
    expect(result.ok || result.error.failure).toMatchObject({ tag: 'connection_error', sent: true });
    expect(connection.alive).toBe(false);
    link.proxy.blackHole(false);
    const back = performance.now();
    for (;;) {
      if ((await echo(link, 1_000)).ok) break;
      if (performance.now() - back > IDLE + 5_000) expect.fail('no call works after the hole');
      await sleep(50);
    }
  });
});

describe('a NAT that rebinds under load', () => {
  test('nothing is delivered wrong or twice, and within the idle timeout everything works', async () => {
    await using link = await rig();
    let stop = false;
    const failed: Record<string, number> = {};
    let answered = 0;
    const load = async (one: () => Promise<Result>): Promise<void> => {
      while (!stop) {
        const result = await one();
        if (result.ok) answered++;
        else failed[result.error.failure.tag] = (failed[result.error.failure.tag] ?? 0) + 1;
      }
    };
    const loads = [
      ...Array.from({ length: 8 }, () => load(() => echo(link, 2_000))),
      ...Array.from({ length: 2 }, () => load(() => body(link, 100_000, 5_000))),
    ];
    const gaps: number[] = [];
    try {
      for (let times = 0; times < 3; times++) {
        await link.proxy.rebind();
        const began = performance.now();
        const before = answered;
        await until(() => answered > before + 50, IDLE);
        gaps.push(Math.round(performance.now() - began));
      }
    } finally {
      stop = true;
      await Promise.all(loads);
    }
    expect((await echo(link, 5_000)).ok).toBe(true);
    expect((await body(link, 1_048_576, IDLE)).ok).toBe(true);
    console.info(`50 answers after a rebinding: ${gaps.join(', ')} ms; failed ${JSON.stringify(failed)}`);
  });
});

describe('a NAT that rebinds while a large answer is on its way', () => {
  test('the answer arrives all the same, within the idle timeout', async () => {
    await using link = await rig();
    expect((await link.client.tryCall('ladder.fetch', {}, { timeout: 5_000 })).ok).toBe(true);
    for (let times = 0; times < 3; times++) {
      const began = performance.now();
      const before = link.proxy.toSource.stats().offered;
      const answer = link.client.tryCall('ladder.fetch', {}, { timeout: IDLE });
      await until(() => link.proxy.toSource.stats().offered > before + 10);
      await link.proxy.rebind();
      expect((await answer).ok).toBe(true);
      console.info(`1 MB from the node over a rebinding: ${Math.round(performance.now() - began)} ms`);
    }
  });
});

describe('the size of datagrams', () => {
  /** Datagrams per call of 64 KiB, one way. */
  async function datagrams(link: Rig): Promise<number> {
    const before = link.proxy.toTarget.stats().offered;
    expect((await body(link, 65_536, 5_000)).ok).toBe(true);
    return link.proxy.toTarget.stats().offered - before;
  }

  test('large on a path that carries it; falls back within 1 s when it shrinks; goes up again when it can', async () => {
    await using link = await rig();
    expect(await datagrams(link)).toBeLessThan(30);
    let slowest = 0;
    const carries = (maxDatagram: number): void => {
      link.proxy.toTarget.change({ maxDatagram });
      link.proxy.toSource.change({ maxDatagram });
    };
    carries(1_350);
    for (let call = 0; call < 40; call++) {
      const began = performance.now();
      expect(await datagrams(link)).toBeGreaterThan(40);
      slowest = Math.max(slowest, performance.now() - began);
    }
    const wasted = link.proxy.toTarget.stats().tooLarge + link.proxy.toSource.stats().tooLarge;
    console.info(`slowest call on the shrunk path ${Math.round(slowest)} ms, ${wasted} datagrams too large`);
    expect(slowest).toBeLessThan(1_000);
    carries(65_535);
    const deadline = performance.now() + 20_000;
    while ((await datagrams(link)) >= 30)
      if (performance.now() > deadline) expect.fail('datagrams stay small on a path that carries large ones');
  });

  test('small calls go on while the path shrinks', async () => {
    await using link = await rig();
    for (let call = 0; call < 20; call++) await datagrams(link);
    link.proxy.toTarget.change({ maxDatagram: 1_350 });
    link.proxy.toSource.change({ maxDatagram: 1_350 });
    let slowest = 0;
    const bodies = Promise.all(Array.from({ length: 20 }, () => body(link, 65_536, 10_000)));
    for (let call = 0; call < 200; call++) {
      const began = performance.now();
      expect((await echo(link, 5_000)).ok).toBe(true);
      slowest = Math.max(slowest, performance.now() - began);
    }
    expect((await bodies).every(({ ok }) => ok)).toBe(true);
    expect(slowest).toBeLessThan(1_000);
  });
});
