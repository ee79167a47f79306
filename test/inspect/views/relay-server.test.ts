/** The view of a dist relay: who is there, what passes, and how much of what it allows is used. */
import { describe, expect, test } from 'vitest';
import type { RelayContext } from '../../../src/dist/relay/server/relay-context.ts';
import { RelayMetrics } from '../../../src/inspect/metrics/relay-metrics.ts';
import { relayServerView } from '../../../src/inspect/views/relay-server.ts';
import type { DistRelay } from '../../../src/relay-handle.ts';
import { relayInspectorOf } from '../../../src/relay-inspector.ts';
import { meshWorld } from '../../mesh-world.ts';
import { happened, knownIn, relayIn, settled } from '../../relays.ts';

const [ANN, BOB] = ['ann@198.18.62.21', 'bob@198.18.62.22'];

/** What its parts share. */
const contextOf = (relay: DistRelay): RelayContext =>
  (relay as unknown as { readonly context: RelayContext }).context;

async function started() {
  const world = meshWorld();
  const relay = await relayIn(world, '198.18.62.20', { limits: { tunnels: 3 } });
  const ann = await knownIn(world, [relay], ANN);
  const bob = await knownIn(world, [relay], BOB);
  bob.setKernel(({ stream }) => void stream.resume());
  const context = contextOf(relay);
  return { world, relay, ann, context, seen: () => relayServerView(context).server };
}

describe('the view of a dist relay', () => {
  test('says who is known by which name, and what it allows', async () => {
    const { seen } = await started();
    expect(seen()).toMatchObject({
      realm: 'test',
      closed: false,
      identified: 2,
      strangers: 0,
      open: 0,
      bytes: 0,
      limits: { tunnels: 3, clients: 1_000 },
      clients: { more: 0, rows: [{ name: ANN, ours: true, tunnels: 0, sent: 0, held: null }, { name: BOB }] },
      tunnels: { rows: [], more: 0 },
    });
    expect(seen().clients.rows[0]?.key.id).toMatch(/^[0-9a-f]{64}$/);
  });

  test('counts what passes, by tunnel and by client, and keeps the sum when a tunnel is over', async () => {
    const { world, ann, seen, context } = await started();
    const { stream } = await settled(world, ann.requestTunnel(BOB));
    stream.write(Buffer.alloc(10_000));
    await happened(world, () => (seen().tunnels.rows[0]?.sent ?? 0) > 10_000);
    const { tunnels, clients, bytes, open } = seen();
    expect(tunnels.rows).toMatchObject([{ source: ANN, target: BOB }]);
    const [tunnel] = tunnels.rows;
    expect(open).toBe(1);
    expect(bytes).toBe((tunnel?.sent ?? 0) + (tunnel?.received ?? 0));
    expect(clients.rows).toMatchObject([
      { name: ANN, tunnels: 1, sent: tunnel?.sent },
      { name: BOB, tunnels: 1, sent: tunnel?.received },
    ]);
    expect(await settled(world, new RelayMetrics(context).scrape())).toContain(
      `espalier_relay_bytes_total ${bytes}\n`,
    );
    stream.destroy();
    await happened(world, () => seen().open === 0);
    expect(seen().bytes).toBeGreaterThanOrEqual(bytes);
    expect(seen().clients.rows[0]?.sent).toBeGreaterThanOrEqual(tunnel?.sent ?? Infinity);
  });

  test('is bounded: what is left out is counted', async () => {
    const { world, ann, context } = await started();
    for (let count = 0; count < 3; count++) await settled(world, ann.requestTunnel(BOB));
    const { clients, tunnels } = relayServerView(context, 1).server;
    expect([clients.rows.length, clients.more, tunnels.rows.length, tunnels.more]).toEqual([1, 1, 1, 2]);
  });

  test('its inspector calls nothing', async () => {
    const { context } = await started();
    const args = relayInspectorOf(context, true, () => ({ node: '', role: 'relay', id: '' }));
    const answer = await args?.call({ action: 'call', procedure: 'a.b', args: {}, timeout: 1 });
    expect(answer).toMatchObject({ ok: false, error: { tag: 'not_offered' } });
  });
});
