import { describe, expect, test } from 'vitest';
import type { Node } from '../../../src/node.ts';
import { startServer } from '../../../src/otp/gen-server.ts';
import { ProcessGroups } from '../../../src/otp/process-groups.ts';
import { suspend } from '../../../src/otp/sys.ts';
import { viewsOf } from '../../../src/inspect/views/views.ts';
import { closeAtEnd, meshWorld, processesOf, processOf, runtimeOf } from '../../mesh-world.ts';
import { haveMet, member, nameAt, untilSo, type Member } from '../../dist/cluster/world.ts';
import { look, partsOf, sourceOf, there } from './looking.ts';

const HOSTS = ['198.18.60.1', '198.18.60.2', '198.18.60.3'] as const;

/** Three nodes of a cluster that share their groups. */
async function cluster() {
  const world = meshWorld();
  const groups = HOSTS.map(() => new ProcessGroups<string>());
  const nodes = HOSTS.map(nameAt);
  const members: Member[] = [];
  for (const [at, host] of HOSTS.entries())
    members.push(
      await member(world, {
        host,
        cluster: { strategy: 'static', nodes },
        groups: { pg: groups[at]! },
        tickTime: 4_000,
      }),
    );
  closeAtEnd(world, ...members.map(({ node }) => node));
  await untilSo(world, () => haveMet(members), 30_000);
  return { world, members, groups };
}

describe('the view dist', () => {
  test('has the name, the nodes that are connected, ticks, groups, members of the cluster and names', async () => {
    const { world, members, groups } = await cluster();
    const [one, two, three] = members.map(({ node }) => node) as [Node, Node, Node];
    const runtime = runtimeOf(one);
    const ref = await startServer(runtime, { init: () => null }, undefined, {
      name: 'counter',
      scope: one.dist.names,
    });
    const joining = await startServer(runtimeOf(two), { init: () => null }, undefined, {});
    groups[0]!.join('workers', ref.pid!);
    groups[1]!.join('workers', joining.pid!);
    groups[1]!.join('others', joining.pid!);
    await world.clock.advance(10_000);
    const view = await look(world, sourceOf(one, { dist: partsOf(one) }), 'dist');
    expect(view).toMatchObject({
      name: one.dist.name,
      creation: one.dist.creation,
      hidden: true,
      tickTime: 4_000,
      carriers: [{ name: 'quic', address: `${one.dist.addresses()[0]?.host}:9443`, protocol: 'macula_dist' }],
      names: { more: 0 },
    });
    expect(view.names.rows).toContain('counter');
    expect(view.peers.rows.map(({ node }) => node).toSorted()).toEqual([two.dist.name, three.dist.name]);
    for (const peer of view.peers.rows) {
      expect(peer).toMatchObject({
        state: 'up',
        hidden: true,
        ours: true,
        busy: false,
        queued: 0,
        silent: 0,
        calls: 0,
        refused: 0,
        unknown: 0,
      });
      // a second is a quarter of the tick time; groups are talked about now and then
      expect(peer.ticks).toBeGreaterThan(3);
      expect(peer.written).toBeGreaterThan(peer.ticks);
      expect(peer.arrivals).toBeGreaterThan(3);
      // the scopes of groups monitor each other
      expect(peer.relations).toBe(2);
    }
    expect(there(view.kernel)).toEqual({
      up: 2,
      strangers: 0,
      accepting: 0,
      unreached: 0,
      dialing: { rows: [], more: 0 },
    });
    const [scope] = view.groups.rows;
    expect(scope?.scope).toBe('pg');
    expect(there(scope!.shared)).toMatchObject({ groupsHere: 1, here: 1, groupsElsewhere: 2, elsewhere: 2 });
    expect(there(scope!.shared).nodes.rows.find(({ node }) => node === two.dist.name)).toEqual({
      node: two.dist.name,
      members: 2,
      refused: false,
      stale: false,
    });
    expect(view.cluster?.rows).toEqual(
      [two, three].map((other) => ({
        node: other.dist.name,
        connected: true,
        dialing: false,
        proven: true,
        attempt: expect.any(Number) as number,
        next: null,
      })),
    );
  });

  test('waits half a second for a net kernel that does not answer, and says when it is dead', async () => {
    const { world, members } = await cluster();
    const [{ node }] = members as [Member];
    const dist = partsOf(node);
    await world.settle(suspend(processOf(node, 'netKernel')));
    const begun = world.clock.now();
    const view = await look(world, sourceOf(node, { dist }), 'dist');
    expect(world.clock.now() - begun).toBe(500);
    expect(view.kernel).toEqual({ unavailable: 'it has not answered within 500 ms' });
    expect(view.peers.rows.length).toBe(2);
    const scope = processesOf(node).find(({ label }) => label === 'groups pg');
    runtimeOf(node).exit(processOf(node, 'netKernel'), 'kill');
    runtimeOf(node).exit(scope!, 'kill');
    const dead = await look(world, sourceOf(node, { dist }), 'dist');
    expect(dead.kernel).toEqual({ unavailable: 'it is not running' });
    expect(dead.groups.rows).toEqual([{ scope: 'pg', shared: { unavailable: 'it is being restarted' } }]);
  });

  test('shows as many nodes and members as it may, and counts the others', async () => {
    const { world, members } = await cluster();
    const [{ node }] = members as [Member];
    const view = await look(world, sourceOf(node, { dist: partsOf(node), rows: 1 }), 'dist');
    for (const { rows, more } of [view.peers, view.cluster!]) expect([rows.length, more]).toEqual([1, 1]);
  });

  test('is no view of a node without a distribution', async () => {
    const world = meshWorld();
    const node = await world.node();
    closeAtEnd(world, node);
    expect(viewsOf(sourceOf(node)).dist).toBe(undefined);
  });
});
