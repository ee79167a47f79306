/** Admission and invocations, on a node alone; what the client API promises is in client/both-paths. */
import { describe, expect, test } from 'vitest';
import { childrenOf } from '../../../src/actor/tree.ts';
import type { Self } from '../../../src/actor/process.ts';
import { exit } from '../../../src/actor/exit-reason.ts';
import { closeAtEnd, gate, meshWorld, processOf, runtimeOf, told, type MeshWorld } from '../../mesh-world.ts';
import type { Node } from '../../../src/node.ts';
import { defaultTag } from '../../../src/mesh/handlers/server-handler.ts';

const forever = (): Promise<never> => new Promise(() => undefined);

async function alone(): Promise<{ world: MeshWorld; node: Node }> {
  const world = meshWorld();
  const node = await world.node();
  closeAtEnd(world, node);
  return { world, node };
}

describe('a procedure', () => {
  test.each(['local', 'remote'])(
    'of 10,000 %s calls at once admits exactly 320 while handlers are held',
    async (side) => {
      const { world, node } = await alone();
      const caller = side === 'local' ? node : await world.client(node);
      closeAtEnd(world, caller);
      const held = gate();
      let most = 0;
      let running = 0;
      await node.advertise('m.held', async () => {
        most = Math.max(most, ++running);
        await held.promise;
        running--;
      });
      const calls = Array.from({ length: 10_000 }, () => caller.tryCall('m.held', {}, { timeout: 60_000 }));
      let refused = 0;
      const counted = Promise.all(
        calls.map(async (call) => {
          if (!(await call).ok) refused++;
        }),
      );
      await world.clock.advance(1_000);
      expect([running, refused]).toEqual([64, 9_680]);
      held.open();
      const tags = (await world.settle(Promise.all(calls))).map(told);
      expect(tags.filter((tag) => tag === 'overloaded').length).toBe(9_680);
      expect(tags.filter((tag) => tag === null).length).toBe(320);
      await counted;
      expect(most).toBe(64);
    },
  );

  test('gives the place of a queued call that was given up to the next', async () => {
    const { world, node } = await alone();
    await node.advertise('m.held', forever, { limits: { maxConcurrent: 1, maxQueue: 1 } });
    const first = node.tryCall('m.held', {}, { timeout: 50_000 });
    const queued = node.tryCall('m.held', {}, { timeout: 100 });
    await world.clock.advance(1);
    expect(told(await world.settle(node.tryCall('m.held')))).toBe('overloaded');
    const result = await world.settle(queued);
    expect(result.ok ? result : result.error.failure).toMatchObject({ tag: 'timeout', sent: false });
    const next = node.tryCall('m.held', {}, { timeout: 100 });
    await world.clock.advance(1);
    expect(told(await world.settle(next))).toBe('timeout');
    expect(told(await world.settle(first))).toBe('timeout');
  });

  test('killed: what ran is handler_crash killed, what waited was not executed', async () => {
    const { world, node } = await alone();
    await node.advertise('m.held', forever, { limits: { maxConcurrent: 1 } });
    const calls = [node.tryCall('m.held'), node.tryCall('m.held')];
    await world.clock.advance(1);
    runtimeOf(node).exit(processOf(node, 'm.held'), 'kill');
    const [ran, waited] = await world.settle(Promise.all(calls));
    expect(ran?.ok === false && ran.error.failure).toMatchObject({ tag: 'handler_crash', reason: 'killed' });
    expect(waited?.ok === false && waited.error.failure).toMatchObject({
      tag: 'connection_error',
      sent: false,
    });
    expect(
      world.reports.some(
        (report) =>
          report.tag === 'crash' &&
          report.id === (ran as { error: { failure: { id: string } } }).error.failure.id,
      ),
    ).toBe(true);
  });

  test('killed while it retires, is not started again', async () => {
    const { world, node } = await alone();
    const before = runtimeOf(node).alive;
    const ad = await node.advertise('m.held', forever);
    const call = node.tryCall('m.held');
    await world.clock.advance(1);
    await ad.unadvertise();
    runtimeOf(node).exit(processOf(node, 'm.held'), 'kill');
    expect(told(await world.settle(call))).toBe('handler_crash');
    await world.clock.advance(10);
    expect(runtimeOf(node).alive).toBe(before);
  });
});

describe('an invocation', () => {
  test('that is killed from inside or outside answers killed, and its place is free', async () => {
    const { world, node } = await alone();
    let self: Self | undefined;
    await node.advertise(
      'm.held',
      (args: { how?: string }, context) => {
        self = context.self;
        if (args.how === 'self') context.self.exit(context.self.pid, 'kill');
        if (args.how === 'exit') exit('shutdown');
        return args.how === 'ok' ? 'ok' : forever();
      },
      { limits: { maxConcurrent: 1, maxQueue: 0 } },
    );
    for (let n = 0; n < 5; n++) {
      expect(told(await world.settle(node.tryCall('m.held', { how: 'self' })))).toBe('handler_crash');
      expect(told(await world.settle(node.tryCall('m.held', { how: 'exit' })))).toBe('handler_crash');
      const call = node.tryCall('m.held');
      await world.clock.advance(1);
      expect(told(await world.settle(node.tryCall('m.held')))).toBe('overloaded');
      runtimeOf(node).exit(self!.pid, 'kill');
      expect(told(await world.settle(call))).toBe('handler_crash');
    }
    expect(told(await world.settle(node.tryCall('m.held', { how: 'ok' })))).toBe('ok');
  });

  test('cannot upset the count of its procedure, whatever signals it sends', async () => {
    const { world, node } = await alone();
    await node.advertise(
      'm.rude',
      (_args, { self }) => {
        for (let n = 0; n < 10; n++) self.exit(self.parent!, 'go away');
        return forever();
      },
      { limits: { maxConcurrent: 2, maxQueue: 0 } },
    );
    const calls = Array.from({ length: 10 }, () => node.tryCall('m.rude', {}, { timeout: 100 }));
    await world.clock.advance(1);
    const procedure = processOf(node, 'm.rude');
    expect([...childrenOf(procedure)].length).toBe(2);
    const tags = (await world.settle(Promise.all(calls))).map(told);
    expect(tags.filter((tag) => tag === 'overloaded').length).toBe(8);
    await world.clock.advance(10);
    expect([...childrenOf(procedure)].length).toBe(0);
  });

  test('whose call is cancelled by its own handler frees its place', async () => {
    const { world, node } = await alone();
    let control = new AbortController();
    await node.advertise('m.own', () => control.abort(), { limits: { maxConcurrent: 1, maxQueue: 0 } });
    for (let n = 0; n < 5; n++) {
      control = new AbortController();
      expect(told(await world.settle(node.tryCall('m.own', {}, { signal: control.signal })))).toBe(
        'canceled',
      );
      await world.clock.settle();
    }
    expect(processOf(node, 'm.own').behavior.inspect!(processOf(node, 'm.own'))).toMatchObject({
      running: 0,
      served: 5,
    });
  });

  test('crashDetails tells remote callers name and message, never a stack', async () => {
    const world = meshWorld();
    const node = await world.node({ crashDetails: true });
    const client = await world.client(node);
    closeAtEnd(world, client, node);
    await node.advertise('m.crash', () => {
      throw new TypeError('what \ud800 happened');
    });
    const failure = await world.failure(client.call('m.crash'));
    expect(failure).toMatchObject({
      tag: 'handler_crash',
      reason: 'error',
      detail: 'TypeError: what \ufffd happened',
    });
    expect(JSON.stringify(failure)).not.toContain('.ts');
  });
});

test('the default tag of a server is the last word of the name', () => {
  expect(['users.get', 'a.b.c_d', 'r/o/a/users/get_v1', 'r/o/a/d/get_all_v12'].map(defaultTag)).toEqual([
    'get',
    'c_d',
    'get',
    'get_all',
  ]);
});
