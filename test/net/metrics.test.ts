/** What is counted, as it is told over HTTP. */
import { afterEach, expect, test } from 'vitest';
import { connect, startNode, type Node } from '../../src/node.ts';
import type { RpcView } from '../../src/inspect/views/rpc.ts';
import { there } from '../inspect/views/looking.ts';
import { parsed, valueOf } from '../inspect/metrics/prometheus.ts';

const open: Node[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((node) => node.close()));
});

test('the inspector serves metrics and the view rpc of its node, to who has the token', async () => {
  const node = await startNode({ listen: '127.0.0.1:0', inspector: true, logLevel: 'silent' });
  open.push(node);
  const client = await connect(node.url, { logLevel: 'silent' });
  await node.advertise('a.b', () => 1);
  for (let n = 0; n < 3; n++) await client.call('a.b');
  await client.tryCall('a.nobody');
  const { address, token } = node.inspector!;
  const get = (path: string, headers: Record<string, string>): Promise<Response> =>
    fetch(`${address}${path}`, { headers });
  expect((await get('/metrics', {})).status).toBe(401);
  const answer = await get('/metrics', { authorization: `Bearer ${token}` });
  expect([answer.status, answer.headers.get('content-type')]).toEqual([
    200,
    'text/plain; version=0.0.4; charset=utf-8',
  ]);
  const text = await answer.text();
  expect(parsed(text).length).toBeGreaterThan(30);
  expect(valueOf(text, 'espalier_rpc_calls_total{procedure="a.b",route="local",outcome="ok"}')).toBe(3);
  const view = await get('/api/views/rpc', { authorization: `Bearer ${token}` });
  const { data } = (await view.json()) as { data: RpcView };
  const { rows } = there(data.procedures);
  expect(rows.map(({ procedure, called }) => [procedure, called])).toEqual([
    [
      'a.b',
      {
        calls: 3,
        p50: expect.any(Number) as number,
        p99: expect.any(Number) as number,
        outcomes: { ok: 3 },
        routes: { local: 3 },
      },
    ],
    ['other', expect.objectContaining({ outcomes: { service_not_found: 1 } }) as object],
  ]);
  await client.disconnect();
});
