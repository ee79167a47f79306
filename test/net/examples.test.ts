/**
 * The examples run, and do what they say.
 */
import { resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { connect } from '../../src/node.ts';
import { gate } from '../mesh-world.ts';
import { advertise, CALCULATOR, Child, endAll, ROOT, startNode } from '../cli/process.ts';

afterEach(endAll);

interface Shape {
  readonly name: string;
  readonly children: readonly Shape[];
}

interface Kills {
  readonly before: Shape;
  readonly killed: Readonly<
    Record<string, { reason: unknown; answers: readonly unknown[]; replaced: boolean; tree: Shape }>
  >;
}

describe('examples/calculator.mjs', () => {
  test('computes, and declares what it cannot', async () => {
    const { node, url } = await startNode();
    const provider = await advertise(url, CALCULATOR);
    const client = await connect(url);
    const compute = async (args: Record<string, unknown>): Promise<unknown> => {
      const result = await client.tryCall('calculator.compute', args);
      return result.ok ? result.value : result.error.failure;
    };
    const refused = (reason: string): object => ({ tag: 'handler_error', reason });
    expect(await compute({ operation: 'add', a: 2, b: 3 })).toEqual({ result: 5 });
    expect(await compute({ operation: 'subtract', a: 2, b: 3 })).toEqual({ result: -1 });
    expect(await compute({ operation: 'multiply', a: 2, b: 3 })).toEqual({ result: 6 });
    expect(await compute({ operation: 'divide', a: 3, b: 2 })).toEqual({ result: 1.5 });
    expect(await compute({ operation: 'divide', a: 3, b: 0 })).toEqual(refused('division_by_zero'));
    for (const operation of ['power', 'toString', 7]) {
      expect(await compute({ operation, a: 3, b: 0 })).toEqual(refused('invalid_operation'));
    }
    expect(await compute({ operation: 'add', a: '2', b: 3 })).toEqual(refused('invalid_operands'));
    await client.disconnect();
    await provider.end();
    await node.end();
  });
});

describe('examples/user-service.mjs', () => {
  test('--once keeps what was answered before a crash, and exits 0', async () => {
    const ended = await new Child([resolve(ROOT, 'examples/user-service.mjs'), '--once']).ended;
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.stdout.split('\n').slice(0, -1)).toEqual([
      "create: { user_id: 1, name: 'Alice', email: 'alice@example.org' }",
      'once more: handler_error email_taken',
      'a bug: handler_crash error',
      "after it: { user_id: 1, name: 'Alice', email: 'alice@example.org' }",
      "delete: { status: 'deleted' }",
      'get: handler_error user_not_found',
      'rename: handler_error invalid_action',
    ]);
  });
});

describe('examples/weather.mjs', () => {
  test('prefers providers at its own node, and finds the one elsewhere when they have left', async () => {
    const ended = await new Child([resolve(ROOT, 'examples/weather.mjs')]).ended;
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.stdout.split('\n').slice(0, -1)).toEqual([
      'at its node: north, south',
      'without south: north',
      'through the DHT: west',
    ]);
  });
});

describe('examples/hono-app.mjs', () => {
  test('--once maps failures to statuses and ends in good order', async () => {
    const ended = await new Child([resolve(ROOT, 'examples/hono-app.mjs'), '--once']).ended;
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.stdout.split('\n').slice(0, -1)).toEqual([
      "/users/1 200 { user_id: 1, name: 'Alice' }",
      "/users/2 404 { error: 'user_not_found' }",
      "/users/1 503 { error: 'service_not_found' }",
    ]);
  });

  test('SIGTERM: a request in flight has its answer, no other one is taken, and it ends with 0', async () => {
    const { node, url } = await startNode();
    const provider = await connect(url);
    const [began, answer] = [gate(), gate()];
    await provider.advertise('users.manage', async ({ user_id }: { user_id: number }) => {
      began.open();
      await answer.promise;
      return { user_id };
    });
    const application = new Child([resolve(ROOT, 'examples/hono-app.mjs'), url, '0']);
    const { origin } = new URL((await application.line()).replace('serving ', ''));
    const request = fetch(`${origin}/users/1`);
    await began.promise;
    application.process.kill('SIGTERM');
    const isOpen = (): Promise<boolean> =>
      fetch(`${origin}/nothing`).then(
        () => true,
        () => false,
      );
    while (await isOpen());
    answer.open();
    const response = await request;
    expect([response.status, await response.json()]).toEqual([200, { user_id: 1 }]);
    expect(await application.ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    await provider.disconnect();
    await node.end();
  });

  test('its client may be killed or end: the next one serves, requests meanwhile are told 503, nothing is left', async () => {
    const ended = await new Child([resolve(ROOT, 'test/cli/fixtures/hono-kills.mjs')]).ended;
    expect(ended).toMatchObject({ code: 0, signal: null });
    expect(JSON.parse(ended.stdout)).toEqual({
      before: 200,
      killed: { reason: 'killed', meanwhile: 503, after: 200, replaced: true },
      ended: { reason: 'lost', meanwhile: 503, after: 200, replaced: true },
    });
  });
});

describe('examples/tunnel.mjs', () => {
  test('two nodes meet at a relay, lose it and meet again', async () => {
    const ended = await new Child([resolve(ROOT, 'examples/tunnel.mjs')]).ended;
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    const [first, ...lines] = ended.stdout.split('\n').slice(0, -1);
    expect(first).toMatch(/^a relay at quic:\/\/127\.0\.0\.1:\d+$/);
    expect(lines).toEqual([
      'at the relay: alpha@mesh, beta@mesh',
      'nodeup beta@mesh',
      'the counter of beta: 42',
      'tunnels: 1',
      'nodedown beta@mesh',
      'nodeup beta@mesh',
      'the counter of beta again: 44',
      'nodedown beta@mesh',
    ]);
  });
});

describe('examples/embed.mjs', () => {
  test('--once serves HTTP, tries itself and exits 0', async () => {
    const ended = await new Child([resolve(ROOT, 'examples/embed.mjs'), '--once']).ended;
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.stdout.split('\n').slice(1, -1)).toEqual([
      "put 200 { id: '17', item: { name: 'hammer' } }",
      "get 200 { name: 'hammer' }",
      "get 404 { error: 'no_such_item' }",
    ]);
  });

  test('SIGTERM ends it with 0', async () => {
    const service = new Child([resolve(ROOT, 'examples/embed.mjs')]);
    expect(await service.line()).toMatch(/^serving http:\/\/127\.0\.0\.1:\d+\/items\/ID$/);
    expect(await service.end('SIGTERM')).toMatchObject({ code: 0, signal: null, stderr: '' });
  });

  test('any of its actors may be killed: HTTP works again and the tree has its shape', async () => {
    const ended = await new Child([resolve(ROOT, 'test/cli/fixtures/embed-kills.mjs')]).ended;
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const { before, killed } = JSON.parse(ended.stdout) as Kills;
    expect(Object.keys(killed)).toEqual(['cache', 'store', 'items.get', 'items.put', 'items']);
    for (const [name, { reason, answers, replaced, tree }] of Object.entries(killed)) {
      const round = name.replace('.', '-');
      expect([name, reason, replaced]).toEqual([name, 'killed', true]);
      expect([name, answers]).toEqual([name, [200, 200, { round }, 200, 'kept']]);
      expect([name, sorted(tree)]).toEqual([name, sorted(before)]);
    }
  });
});

describe('examples/observability.mjs', () => {
  test('two services and a station between are one trace, and a scrape tells what was called', async () => {
    const ended = await new Child([resolve(ROOT, 'examples/observability.mjs')]).ended;
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.stdout.split('\n').slice(0, -1)).toEqual([
      'traces: 1',
      'an order (internal)',
      '  stock.reserve (client)',
      '    stock.reserve (server)',
      '      look at the shelf (internal)',
      '  stock.reserve (client, handler_error)',
      '    stock.reserve (server, handler_error)',
      '      look at the shelf (internal)',
      'scraped: 200, text/plain; version=0.0.4; charset=utf-8',
      'stock.reserve ok: 1',
      'stock.reserve handler_error: 1',
    ]);
  });
});

/** Siblings under a dynamic supervisor have no order of their own. */
const sorted = ({ name, children }: Shape): Shape => ({
  name,
  children: children.map(sorted).sort((one, other) => (one.name < other.name ? -1 : 1)),
});
