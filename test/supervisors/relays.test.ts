/** The trees of a dist relay and of a client of relays, as drawn. That of a bridge has a socket: `test/net/bridge-tree.test.ts`. */
import { describe, expect, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { meshWorld } from '../mesh-world.ts';
import { happened, knownIn, relayIn, settled } from '../relays.ts';
import { childrenById, drawn } from './drawn.ts';
import { expectDrawn, expectRestForOne } from './tree-rules.ts';

const [ANN, BOB] = ['ann@198.18.40.21', 'bob@198.18.40.22'];

const started = async () => {
  const world = meshWorld();
  const [atRelay, atAnn] = [world.runtime(), world.runtime()];
  const relay = await relayIn(world, '198.18.40.20', { runtime: atRelay });
  const ann = await knownIn(world, [relay], ANN, { runtime: atAnn });
  const bob = await knownIn(world, [relay], BOB);
  bob.setKernel(() => {});
  const tunnel = () => settled(world, ann.requestTunnel(BOB));
  const roots = { relay: atRelay.firstChild as Process, client: atAnn.firstChild as Process };
  /** Both are known again, and a tunnel can be had. */
  const again = async (): Promise<void> => {
    await happened(world, () => roots.relay.alive && roots.client.alive);
    await happened(world, () => [ANN, BOB].every((name) => relay.status().clients.includes(name)));
    await happened(world, () => ann.status().identified && bob.status().identified);
    (await tunnel()).stream.destroy();
  };
  return { world, relay, atRelay, atAnn, roots, tunnel, again };
};

describe('a dist relay', () => {
  test('runs as relay.ts draws it, with a child for each client and each tunnel', async () => {
    const { roots, tunnel } = await started();
    const drawing = drawn('relay');
    // where asked for only
    const children = drawing.children.filter((id) => id !== 'foreign' && id !== 'roles');
    expect(children).toHaveLength(drawing.children.length - 2);
    expectDrawn(roots.relay, { ...drawing, children }, ['clients', 'tunnels']);
    await tunnel();
    const { clients, tunnels } = Object.fromEntries(childrenById(roots.relay)) as Record<string, Process>;
    expect(Array.from(childrenOf(clients as Process), ({ label }) => label)).toEqual([
      `client ${ANN}`,
      `client ${BOB}`,
    ]);
    const [one, ...others] = [...childrenOf(tunnels as Process)];
    expect(others).toEqual([]);
    expect(one?.label).toBe(`tunnel ${ANN} to ${BOB}`);
    expect(Array.from(childrenOf(one as Process), ({ label }) => label)).toEqual([
      `forwarder ${ANN} to ${BOB}`,
      `forwarder ${BOB} to ${ANN}`,
    ]);
  });

  test('loses by a kill what stands behind, and serves again', async () => {
    const { roots, atRelay, again } = await started();
    await expectRestForOne(atRelay, roots.relay, again);
  });
});

describe('a client of dist relays', () => {
  test('runs as relay-client.ts draws it, with a child for each relay and each tunnel', async () => {
    const { roots, tunnel, relay } = await started();
    expectDrawn(roots.client, drawn('relay-client'), ['relays', 'tunnels']);
    await tunnel();
    const { relays, tunnels } = Object.fromEntries(childrenById(roots.client)) as Record<string, Process>;
    expect(Array.from(childrenOf(relays as Process), ({ label }) => label)).toEqual([`relay ${relay.url}`]);
    expect(Array.from(childrenOf(tunnels as Process), ({ label }) => label)).toEqual([`tunnel to ${BOB}`]);
  });

  test('loses by a kill what stands behind, and is known again', async () => {
    const { roots, atAnn, again } = await started();
    await expectRestForOne(atAnn, roots.client, again);
  });
});
