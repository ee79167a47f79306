/** What a node believes of observers and stations that say what they like. */
import { beforeEach, describe, expect, test } from 'vitest';
import { NameScope } from '../../../src/actor/names.ts';
import { OTHER_HOST, SAME_SOCKET, writeEcho } from '../../../src/mesh/nat/detection/echo.ts';
import { natMoved, natReport } from '../../../src/mesh/nat/detection/nat-profile.ts';
import { NatRequest } from '../../../src/mesh/nat/detection/nat-request.ts';
import { natProfileServer } from '../../../src/mesh/nat/detection/profile-server.ts';
import type { NatReport } from '../../../src/mesh/nat/detection/report.ts';
import { startServer } from '../../../src/otp/gen-server.ts';
import type { Node } from '../../../src/node.ts';
import type { Endpoint, PhysicalAddress } from '../../../src/transport/transport.ts';
import { contextOf, meshWorld, runtimeOf, type MeshWorld } from '../../mesh-world.ts';
import { addressOf, nodesOf } from '../peer/peer-world.ts';
import { RawPeer, unchecked } from '../raw-peer.ts';

interface Station {
  readonly peer: RawPeer;
  readonly endpoint: Endpoint;
}

describe('natReport', () => {
  let world: MeshWorld;
  let node: Node;
  let at: PhysicalAddress;

  beforeEach(async () => {
    world = meshWorld();
    [node] = (await nodesOf(world, 1)) as [Node];
    const [host, port] = addressOf(node).split(':');
    at = { host: host!, port: Number(port) };
  });

  const socket = (label: string): Promise<Endpoint> =>
    world.network
      .transport()
      .open({ clock: world.clock, random: world.random.fork(label), identity: world.identity(label) });

  /** A peer that is connected to the node and says that it is a station. */
  async function station(label: string): Promise<Station> {
    const endpoint = await socket(label);
    const peer = new RawPeer(world, world.identity(label));
    peer.link = endpoint.dial({ address: at, protocol: 'macula' }, peer);
    await peer.greeted({ capabilities: ['rpc', 'node', 'station'] });
    await world.clock.settle();
    return { peer, endpoint };
  }

  const probesOf = ({ peer }: Station) => peer.channels.control.of('nat_probe');

  /** The newest probe that it got. */
  async function probed(one: Station, count = 1): Promise<{ id: Uint8Array; nonce: Uint8Array }> {
    await world.clock.until(() => probesOf(one).length >= count);
    const { request_id: id, nonce } = probesOf(one).at(-1)!;
    return { id, nonce: nonce! };
  }

  const answer = ({ peer }: Station, id: Uint8Array, sent: readonly number[], host = at.host): void =>
    peer.channels.control.send('nat_probe_reply', {
      request_id: id,
      node_id: peer.identity.nodeId,
      reflexive_ip: host,
      reflexive_port: at.port,
      server_time: 1,
      sent,
    });

  const ask = (force = false): Promise<NatReport> => natReport(contextOf(node), { force });

  test('an echo from a host that it has sent to shows nothing of strangers', async () => {
    const [one, other] = [await station('one'), await station('other')];
    const report = ask();
    const { id, nonce } = await probed(one);
    other.endpoint.sendRaw(at, writeEcho(OTHER_HOST, nonce));
    await world.clock.advance(10);
    answer(one, id, [OTHER_HOST]);
    answer(other, (await probed(other)).id, []);
    expect(await world.settle(report)).toMatchObject({ observers: 2, filtering: 'unknown' });
  });

  test('an echo that it did not ask for shows nothing, whoever sends it', async () => {
    const one = await station('one');
    const stranger = await socket('stranger');
    const report = ask();
    const { id, nonce } = await probed(one);
    stranger.sendRaw(at, writeEcho(OTHER_HOST, new Uint8Array(16)));
    stranger.sendRaw(at, writeEcho(OTHER_HOST, nonce).subarray(0, 17));
    await world.clock.advance(10);
    answer(one, id, [SAME_SOCKET, OTHER_HOST]);
    expect(await world.settle(report)).toMatchObject({ filtering: 'unknown' });
  });

  test('what is said to be sent and does not arrive is believed only beside what arrives', async () => {
    const one = await station('one');
    const report = ask();
    const { id } = await probed(one);
    answer(one, id, [0, 1, 2, 77]);
    const { filtering, unmeasured } = await world.settle(report);
    expect(filtering).toBe('unknown');
    expect(unmeasured.at(-1)?.why).toContain('not even from its own port');
  });

  test('what was measured of filtering is over with the outside address', async () => {
    const one = await station('one');
    const first = ask();
    const { id, nonce } = await probed(one);
    one.endpoint.sendRaw(at, writeEcho(SAME_SOCKET, nonce));
    await world.clock.advance(10);
    answer(one, id, [0, 1], '203.0.113.7');
    expect(await world.settle(first)).toMatchObject({ filtering: 'pd' });
    const same = ask(true);
    answer(one, (await probed(one, 2)).id, [], '203.0.113.7');
    expect(await world.settle(same)).toMatchObject({ filtering: 'pd' });
    const moved = ask(true);
    answer(one, (await probed(one, 3)).id, [], '203.0.113.8');
    expect(await world.settle(moved)).toMatchObject({ filtering: 'unknown' });
  });

  test('an address that is none is no observation', async () => {
    const one = await station('one');
    const report = ask();
    answer(one, (await probed(one)).id, [], 'relay:00');
    expect(await world.settle(report)).toMatchObject({ observers: 0, behindNat: undefined });
  });

  test('an answer that breaks a rule is no answer, and is not waited for', async () => {
    const { peer, ...rest } = await station('one');
    const begun = world.clock.now();
    const report = ask();
    const { id } = await probed({ peer, ...rest });
    peer.channels.control.stream.write(unchecked('nat_probe_reply', { request_id: id }));
    expect(await world.settle(report)).toMatchObject({ observers: 0 });
    expect(world.clock.now() - begun).toBeLessThan(1_000);
  });

  test('changes in a row are one measurement', async () => {
    const one = await station('one');
    const report = ask();
    answer(one, (await probed(one)).id, []);
    await world.settle(report);
    for (let index = 0; index < 10; index++) natMoved(contextOf(node));
    await world.clock.advance(15_000);
    expect(probesOf(one)).toHaveLength(2);
  });

  test('an interface that comes makes it measure again, once it was asked', async () => {
    const one = await station('one');
    const runtime = runtimeOf(node);
    // an actor of our own beside the node's, with interfaces of our own
    class Beside extends NameScope {
      override shared<T>(name: string): T | undefined {
        return super.shared<T>(name) ?? contextOf(node).scope.shared<T>(name);
      }
    }
    const scope = new Beside();
    const context = { ...contextOf(node), scope };
    let interfaces = ['10.0.0.2'];
    await startServer(
      runtime,
      natProfileServer,
      { context, interfaces: () => interfaces },
      { name: 'natProfile', scope },
    );
    interfaces = ['10.0.0.3'];
    await world.clock.advance(15_000);
    expect(probesOf(one)).toHaveLength(0);
    const report = natReport(context);
    answer(one, (await probed(one)).id, []);
    await world.settle(report);
    await world.clock.advance(15_000);
    expect(probesOf(one)).toHaveLength(1);
    interfaces = ['10.0.0.3', '10.9.0.1'];
    await world.clock.advance(15_000);
    expect(probesOf(one)).toHaveLength(2);
  });

  test('a peer that never answers is asked 32 things at once, and again when these are over', async () => {
    await station('one');
    const [standing] = contextOf(node).standings.all();
    const ended: boolean[] = [];
    const askOnce = (): void => {
      const question = { type: 'nat_probe', node_id: new Uint8Array(32), local_port: 0 } as const;
      const request = new NatRequest(question, (told) => ended.push(told !== undefined));
      runtimeOf(node).call(standing!.process, request, 1_000);
    };
    for (let round = 0; round < 2; round++) {
      for (let index = 0; index < 40; index++) askOnce();
      await world.clock.advance(10);
      expect(ended.splice(0)).toEqual(Array.from({ length: 8 }, () => false));
      await world.clock.advance(2_000);
      expect(ended.splice(0)).toHaveLength(32);
    }
  });
});
