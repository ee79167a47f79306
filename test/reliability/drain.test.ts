/**
 * RELIABILITY §6 and §11, leaving under load: nothing accepted is lost, whoever is refused may ask again, the end
 * comes in time, and nothing is left. Real processes: test/stress/drain.test.ts.
 */
import { describe, expect, test } from 'vitest';
import { connectLocal } from '../../src/index.ts';
import type { Client } from '../../src/mesh/client/client.ts';
import type { RpcFailure } from '../../src/mesh/errors/rpc-failure.ts';
import type { Result } from '../../src/mesh/errors/rpc-error.ts';
import type { Node, RemoteClient } from '../../src/node.ts';
import { supervisor, worker, type GenServer } from '../../src/otp.ts';
import { seededRandom } from '../../src/actor/random.ts';
import { left, meshWorld, processesOf, runtimeOf, type MeshWorld } from '../mesh-world.ts';

const forever = (): Promise<never> => new Promise(() => undefined);

const PAD = 'x'.repeat(40_000);

/** What handlers began, by call, and who calls them without a pause. */
class Load {
  readonly begun = new Set<string>();
  readonly results = new Map<string, Result>();
  readonly #world: MeshWorld;
  readonly #random = seededRandom('load');
  #next = 0;
  #running: Promise<unknown>[] = [];

  constructor(world: MeshWorld) {
    this.#world = world;
  }

  /** Works 1 to 60 ms. */
  readonly handler = ({ id }: { id: string }): Promise<string> => {
    this.begun.add(id);
    const delay = 1 + (this.#random.u32() % 60);
    return new Promise((resolve) => this.#world.clock.setTimer(delay, () => resolve(id)));
  };

  /** Each caller begins `count` calls now. */
  call(callers: readonly Client[], procedures: readonly string[], count = 1): void {
    for (const caller of callers) {
      for (const procedure of procedures) {
        for (let n = 0; n < count; n++) {
          const id = `${procedure}-${this.#next++}`;
          this.#running.push(
            // some are too large for a frame
            caller
              .tryCall(procedure, this.#next % 7 === 0 ? { id, pad: PAD } : { id }, { timeout: 20_000 })
              .then((result) => this.results.set(id, result)),
          );
        }
      }
    }
  }

  async over(): Promise<void> {
    await this.#world.settle(Promise.all(this.#running));
  }

  /** Nothing accepted is lost; who was refused was not served and may ask again. */
  judge(own: (failure: RpcFailure) => boolean = () => false): {
    readonly ok: number;
    readonly refused: number;
  } {
    let [ok, refused] = [0, 0];
    for (const [id, result] of this.results) {
      if (result.ok) {
        expect(result.value).toBe(id);
        ok++;
        continue;
      }
      refused++;
      const { failure, retryable } = result.error;
      expect([id, this.begun.has(id), failure], JSON.stringify(failure)).toEqual([id, false, failure]);
      expect(retryable || own(failure), JSON.stringify(failure)).toBe(true);
    }
    expect(ok).toBe(this.begun.size);
    return { ok, refused };
  }
}

interface Town {
  readonly world: MeshWorld;
  readonly load: Load;
  readonly node: Node;
  readonly provider: RemoteClient;
  readonly second: RemoteClient;
  readonly caller: RemoteClient;
}

/** A node that serves, two clients that serve the same name, one that calls. */
async function town(seed: string): Promise<Town> {
  const world = meshWorld({ seed });
  const node = await world.node();
  const [provider, second, caller] = [
    await world.client(node),
    await world.client(node),
    await world.client(node),
  ];
  const load = new Load(world);
  await node.advertise('node.work', load.handler);
  for (const client of [provider, second]) await world.settle(client.advertise('both.work', load.handler));
  await world.settle(provider.advertise('one.work', load.handler));
  return { world, load, node, provider, second, caller };
}

const ALL = ['node.work', 'both.work', 'one.work'] as const;
/** Calls a closing client makes itself are refused by its own word. */
const closedHere = ({ tag }: RpcFailure): boolean => tag === 'canceled';

async function drive(
  { world, load, caller, node }: Town,
  ends: () => Promise<void>,
  callers: readonly Client[] = [caller, node],
): Promise<number> {
  for (let ms = 0; ms < 50; ms++) {
    load.call(callers, ALL);
    await world.clock.advance(1);
  }
  const start = world.clock.now();
  let end = 0;
  const leaving = ends().then(() => {
    end = world.clock.now();
  });
  // they go on calling while it leaves, and for a while afterwards
  for (let ms = 0; ms < 200; ms++) {
    load.call(callers, ALL);
    await world.clock.advance(1);
  }
  await world.settle(leaving);
  await load.over();
  return end - start;
}

describe('under load, without a pause before, while and after', () => {
  test.each(['a', 'b', 'c'])('close of a node (seed %s)', async (seed) => {
    const it = await town(seed);
    const local = connectLocal(it.node);
    const took = await drive(it, () => it.node.close({ timeout: 2_000 }), [it.caller, it.node, local]);
    const { ok, refused } = it.load.judge(closedHere);
    expect(ok).toBeGreaterThan(300);
    expect(refused).toBeGreaterThan(300);
    expect(took).toBeLessThan(200);
    expect(left(it.node)).toEqual({ alive: 0, timers: 0, calls: 0 });
    for (const client of [it.provider, it.second, it.caller]) {
      await it.world.settle(client.disconnect());
      expect(left(client)).toEqual({ alive: 0, timers: 0, calls: 0 });
    }
    await it.world.clock.advance(60_000);
    expect(it.world.clock.pending).toBe(0);
  });

  test.each(['a', 'b', 'c'])('disconnect of a provider: another one serves on (seed %s)', async (seed) => {
    const it = await town(seed);
    const took = await drive(it, () => it.provider.disconnect({ timeout: 2_000 }));
    const { ok } = it.load.judge();
    expect(took).toBeLessThan(200);
    expect(left(it.provider)).toEqual({ alive: 0, timers: 0, calls: 0 });
    // the name that two served lost nothing but what was on its way to the one that left
    const both = [...it.load.results].filter(([id]) => id.startsWith('both.'));
    expect(both.filter(([, result]) => result.ok).length).toBeGreaterThan(both.length - 50);
    expect(ok).toBeGreaterThan(900);
    for (const client of [it.second, it.caller, it.node]) await it.world.settle(client.disconnect());
  });

  test.each(['a', 'b'])('disconnect of the caller: what it asked is answered (seed %s)', async (seed) => {
    const it = await town(seed);
    await drive(it, () => it.caller.disconnect({ timeout: 2_000 }));
    it.load.judge(closedHere);
    expect(left(it.caller)).toEqual({ alive: 0, timers: 0, calls: 0 });
    for (const client of [it.provider, it.second, it.node]) await it.world.settle(client.disconnect());
  });

  test('queued calls are accepted too: 64 run, 256 wait, all are answered before the end', async () => {
    const it = await town('queued');
    it.load.call([it.caller], ['node.work'], 320);
    await it.world.clock.advance(5);
    await it.world.settle(it.node.close({ timeout: 5_000 }));
    await it.load.over();
    expect(it.load.judge()).toEqual({ ok: 320, refused: 0 });
  });
});

describe('the deadline', () => {
  test('ends a stuck handler: connection_error, sent, for its caller; its signal is aborted; nothing is left', async () => {
    const it = await town('stuck');
    let aborted = 0;
    await it.node.advertise('node.stuck', (_args, { signal }) => {
      signal.addEventListener('abort', () => void aborted++);
      return forever();
    });
    const calls = [it.caller, it.provider].map((client) =>
      client.tryCall('node.stuck', {}, { timeout: 60_000 }),
    );
    await it.world.clock.advance(10);
    const start = it.world.clock.now();
    await it.world.settle(it.node.close({ timeout: 400 }));
    expect(it.world.clock.now() - start).toBeLessThan(500);
    for (const result of await it.world.settle(Promise.all(calls))) {
      expect(result.ok ? result : result.error.failure).toMatchObject({
        tag: 'connection_error',
        sent: true,
      });
    }
    expect(aborted).toBe(2);
    expect(left(it.node)).toEqual({ alive: 0, timers: 0, calls: 0 });
  });

  /** It never ends by itself, whoever asks. */
  const immortal: GenServer<undefined, null> = { trapExit: true, init: () => null, terminate: forever };

  test.each([
    { what: 'a child', children: [worker('immortal', immortal, undefined, { shutdown: Infinity })] },
    {
      what: 'a grandchild',
      children: [
        supervisor('mine', {
          children: [
            worker('immortal', immortal, undefined, { shutdown: Infinity }),
            worker('other', immortal, undefined, { shutdown: Infinity }),
          ],
        }),
      ],
    },
  ])('kills $what of yours that never stops, with shutdown Infinity, and all below', async ({ children }) => {
    const world = meshWorld();
    const node = await world.node({ children });
    const start = world.clock.now();
    await world.settle(node.close({ timeout: 3_000 }));
    expect(world.clock.now() - start).toBeLessThanOrEqual(3_100);
    expect(left(node)).toEqual({ alive: 0, timers: 0, calls: 0 });
  });

  test('leaves your children a second to end, however little is left of it', async () => {
    const world = meshWorld();
    let ended = 0;
    const slow: GenServer<undefined, null> = {
      trapExit: true,
      init: () => null,
      terminate: (_reason, _state, self) =>
        new Promise((resolve) =>
          self.runtime.timers.after(800, () => {
            ended++;
            resolve();
          }),
        ),
    };
    const node = await world.node({ children: [worker('slow', slow, undefined, { shutdown: Infinity })] });
    await world.settle(node.close({ timeout: 1 }));
    expect(ended).toBe(1);
    expect(left(node).alive).toBe(0);
  });

  test('without a timeout of yours a child with shutdown Infinity is waited for, as in OTP', async () => {
    const world = meshWorld();
    const node = await world.node({
      children: [worker('immortal', immortal, undefined, { shutdown: Infinity })],
    });
    let over = false;
    const giveUp = new AbortController();
    const closing = node.close({ signal: giveUp.signal }).then(() => (over = true));
    await world.clock.advance(3_600_000);
    expect(over).toBe(false);
    // until somebody does not want to wait any more
    giveUp.abort();
    await world.settle(closing);
    expect(left(node)).toEqual({ alive: 0, timers: 0, calls: 0 });
  });

  test('an aborted signal ends all waiting at once, whoever of several gives it', async () => {
    const it = await town('hurry');
    await it.node.advertise('node.stuck', forever);
    const call = it.caller.tryCall('node.stuck', {}, { timeout: 60_000 });
    await it.world.clock.advance(10);
    const start = it.world.clock.now();
    const first = it.node.close({ timeout: 60_000 });
    await it.world.clock.advance(100);
    await it.world.settle(Promise.all([it.node.disconnect({ signal: AbortSignal.abort() }), first]));
    expect(it.world.clock.now() - start).toBeLessThan(200);
    const result = await it.world.settle(call);
    expect(result.ok ? result : result.error.failure).toMatchObject({ tag: 'connection_error', sent: true });
    expect(left(it.node)).toEqual({ alive: 0, timers: 0, calls: 0 });
    expect(processesOf(it.node)).toEqual([]);
  });
});

test('after the end of everything no timer of ours is left on the clock', async () => {
  const it = await town('timers');
  it.load.call([it.caller, it.node], ALL, 20);
  await it.world.clock.advance(3);
  const clients: Client[] = [it.caller, it.second, it.provider, it.node];
  for (const client of clients) await it.world.settle(client.disconnect());
  await it.load.over();
  for (const client of clients) expect([client.id, runtimeOf(client).timers.size]).toEqual([client.id, 0]);
  // what is left belongs to the simulated network: it runs out by itself
  await it.world.clock.advance(1_000);
  expect(it.world.clock.pending).toBe(0);
});
