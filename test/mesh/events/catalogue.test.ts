/**
 * Every event of the catalogue happens: at its level, with exactly its fields, once. A row per event; an event
 * without a row is a failure of its own.
 */
import { describe, expect, test, vi } from 'vitest';
import { createMachine, log as logAction } from 'xstate';
import type { FieldSpec } from '../../../src/actor/event.ts';
import type { LogFields } from '../../../src/actor/logger.ts';
import type { Process } from '../../../src/actor/process.ts';
import { encodeTerm } from '../../../src/codec/etf/encode.ts';
import { tuple } from '../../../src/codec/etf/terms.ts';
import type { GenServer } from '../../../src/otp/gen-server.ts';
import { ProcessGroups } from '../../../src/otp/process-groups.ts';
import { Request } from '../../../src/otp/server-ref.ts';
import { worker } from '../../../src/otp/supervisor.ts';
import { shared, type InspectorPlace } from '../../../src/mesh/context.ts';
import { lookUp } from '../../../src/mesh/dht/dht.ts';
import { CATALOGUE, definitionOf, type EventName } from '../../../src/mesh/events/catalogue.ts';
import type { Node, RemoteClient } from '../../../src/node.ts';
import { startMachine } from '../../../src/xstate/host.ts';
import { contextOf, gate, processesOf, processOf, runtimeOf } from '../../mesh-world.ts';
import { silentLogger } from '../../../src/actor/logger.ts';
import { NameScope } from '../../../src/actor/names.ts';
import { startDistRelay, type DistRelayOptions } from '../../../src/dist-relay.ts';
import { Bridge } from '../../../src/dist/bridge/bridge.ts';
import type { DistRelayClient } from '../../../src/dist/relay/client/relay-client.ts';
import { EventHub } from '../../../src/mesh/events/hub.ts';
import { TunnelError } from '../../../src/dist/relay/tunnel-error.ts';
import { rawNode } from '../../dist/raw-node.ts';
import { clientIn, happened, knownIn, refusal, relayIn, settled } from '../../relays.ts';
import { rawPeer } from '../raw-peer.ts';
import { loggedWorld, type Log, type LoggedWorld } from './listening.ts';

interface Stage {
  readonly world: LoggedWorld;
  readonly node: Node;
  readonly client: RemoteClient;
  readonly nodeLog: Log;
  readonly clientLog: Log;
}

interface Row {
  /** Whose log is looked at. */
  readonly at: 'node' | 'client';
  /** Makes it happen; gives what some of the fields must be. */
  readonly happen: (stage: Stage) => Promise<object>;
  /** Which lines are meant, where the same event tells of much else. */
  readonly which?: (fields: LogFields) => boolean;
}

const LISTEN = '198.18.40.1';

const quiet: GenServer<void, number> = { label: 'quiet', init: () => 0 };
const stubborn: GenServer<void, number> = {
  label: 'stubborn',
  trapExit: true,
  init: () => 0,
  terminate: () => new Promise<void>(() => {}),
};

const kill = (of: Node | RemoteClient, label: string): void => {
  runtimeOf(of).exit(processOf(of, label), 'kill');
};
const connectionOf = (client: RemoteClient): Process => {
  const found = processesOf(client).find(({ label }) => label.startsWith('connection to'));
  if (found === undefined) throw new Error('no connection');
  return found;
};
/** Loses the connection and comes back. */
const lose = async ({ world, client, clientLog }: Stage): Promise<void> => {
  runtimeOf(client).exit(connectionOf(client), 'kill');
  await world.clock.until(() => clientLog.of('uplink.reconnected').length === 1, 5_000);
};
/** The node is cut off from the only other one, and notices it in a lookup. */
const loseDht = async ({ world, node, nodeLog }: Stage): Promise<void> => {
  const other = await world.node({ bootstrap: [node.url] });
  await world.settle(other.ready());
  world.network.faults.cut(LISTEN, new URL(other.url).hostname);
  await world.settle(lookUp(contextOf(node), { kind: 'nodes', target: new Uint8Array(32) }, 10_000));
  await world.clock.until(() => nodeLog.of('dht.unreachable').length === 1, 60_000);
};
const boom = (): never => {
  throw new TypeError('no such thing');
};
/** Two nodes of one cookie, and a third without a distribution. */
const nodesOfOneCookie = async ({
  world,
  nodeLog: { runtime },
}: Stage): Promise<readonly [Node, Node, Node]> => [
  await world.node({
    runtime,
    host: '198.18.40.8',
    dist: { cookie: 'secret', name: '9443@198.18.40.8' },
  }),
  await world.node({ host: '198.18.40.9', dist: { cookie: 'secret', name: '9443@198.18.40.9' } }),
  await world.node(),
];

const RELAY = '198.18.40.20';
const RELAY_URL = `quic://${RELAY}:4434`;
const [ANN, BOB] = ['ann@198.18.40.21', 'bob@198.18.40.22'];

/** A relay whose events are looked at, and two clients of it that take whatever tunnels come. */
async function relayed({ world, nodeLog: { runtime } }: Stage, own: DistRelayOptions = {}) {
  const relay = await relayIn(world, RELAY, { runtime, ...own });
  const [ann, bob] = [await knownIn(world, [relay], ANN), await knownIn(world, [relay], BOB)];
  for (const client of [ann, bob]) client.setKernel(() => {});
  return { relay, ann, bob };
}

/** A bridge whose events are looked at, at a relay that it has in common with a client: no socket of this machine. */
async function bridged({
  world,
  nodeLog: { runtime },
}: Stage): Promise<{ bridge: Bridge; ann: DistRelayClient }> {
  const relay = await relayIn(world, RELAY);
  const client = await knownIn(world, [relay], BOB);
  const bridge = new Bridge({
    runtime,
    scope: new NameScope(),
    events: new EventHub(runtime),
    name: BOB,
    host: '127.0.0.1',
    known: { own: BOB, peers: [], keyed: [], hasKey: () => false },
    client,
  });
  return { bridge, ann: await knownIn(world, [relay], ANN) };
}

/** Starts something with a child that the other nodes of the row do not have. */
const another = async (
  { world, nodeLog: { runtime } }: Stage,
  server: GenServer<void, number>,
  shutdown: number,
): Promise<Node> =>
  world.node({
    runtime,
    listen: '0.0.0.0:9555',
    children: [{ ...worker('own', server, undefined), shutdown }],
  });

/** A node whose events are looked at calls another one, each behind a NAT of that type; gives the other's id. */
const callThroughNats = async (
  { world, nodeLog: { runtime } }: Stage,
  type: 'port' | 'sym',
): Promise<string> => {
  const station = await world.node({ station: true });
  const behind = (number: number, options: object): Promise<Node> => {
    const nat = world.network.nat({ host: `203.0.113.${number}`, type });
    const transport = world.network.transport(`10.${number}.0.2`, { nat });
    return world.node({ transport, stations: [station.url], bootstrap: [station.url], ...options });
  };
  const caller = await behind(1, { runtime });
  const provider = await behind(2, {});
  await world.settle(provider.advertise('m.there', () => 1));
  await world.clock.until(
    () => contextOf(provider).discovery.publications.get('m.there')?.state === 'published',
  );
  await world.settle(caller.call('m.there'));
  return provider.id;
};

/** Where the inspector of a node of that runtime is. */
const inspected = async ({ world, nodeLog: { runtime } }: Stage): Promise<InspectorPlace> => {
  const inspector = { actions: true };
  const starting = world.node({ runtime, listen: '0.0.0.0:9556', inspector });
  return (await settled(world, starting)).inspector!;
};

const ROWS: { readonly [Name in EventName]: Row } = {
  'node.started': {
    at: 'node',
    happen: async ({ node }) => ({ role: 'node', id: node.id, address: node.url }),
  },
  'node.stopped': {
    at: 'client',
    happen: async ({ world, client }) => {
      await world.settle(client.disconnect());
      return { role: 'client', id: client.id, reason: 'shutdown' };
    },
  },
  'drain.begun': {
    at: 'client',
    happen: async ({ world, client, node }) => {
      await node.advertise('m.slow', () => new Promise(() => {}));
      const call = client.tryCall('m.slow');
      await world.settle(Promise.all([client.disconnect({ timeout: 50 }), call]));
      return { calls: 1 };
    },
  },
  'drain.ended': {
    at: 'client',
    happen: async ({ world, client, node }) => {
      await node.advertise('m.slow', () => new Promise(() => {}));
      const call = client.tryCall('m.slow');
      await world.clock.advance(5);
      await world.settle(client.disconnect({ timeout: 50 }));
      expect((await world.settle(call)).ok).toBe(false);
      return { cut: 1 };
    },
  },
  'service.advertised': {
    at: 'node',
    happen: async ({ node }) => {
      await node.advertise('m.echo', (args) => args, { metadata: { zone: 'b' } });
      return { procedure: 'm.echo', provider: 'here', metadata: { zone: 'b' } };
    },
  },
  'service.unadvertised': {
    at: 'node',
    happen: async ({ world, node, client }) => {
      await world.settle(client.advertise('m.echo', (args) => args));
      await world.settle(client.unadvertise('m.echo'));
      expect(node.id).not.toBe(client.id);
      return { procedure: 'm.echo', provider: client.id };
    },
  },
  'service.refused': {
    at: 'client',
    happen: async (stage) => {
      const { world, node, client } = stage;
      await world.settle(client.advertise('m.one', (args) => args));
      await world.settle(client.unadvertise('m.one'));
      world.network.faults.cut(host(client), host(node));
      await world.clock.until(
        () => runtimeOf(node).alive > 0 && stage.clientLog.of('uplink.lost').length > 0,
        60_000,
      );
      await world.settle(client.advertise('m.one', (args) => args));
      await world.settle(node.advertise('m.one', (args) => args, { exclusive: true }));
      world.network.faults.healAll();
      await world.clock.until(() => stage.clientLog.of('service.refused').length > 0, 60_000);
      return { procedure: 'm.one', tag: 'unauthorized' };
    },
  },
  'rpc.call': {
    at: 'node',
    happen: async ({ world, node, client }) => {
      await node.advertise('m.echo', (args) => args);
      await world.settle(client.call('m.echo', { text: 'four' }));
      return { procedure: 'm.echo', args: 'object', caller: client.id };
    },
  },
  'rpc.completed': {
    at: 'client',
    happen: async ({ world, client }) => {
      await world.settle(client.tryCall('m.absent'));
      return {
        procedure: 'm.absent',
        route: 'direct',
        outcome: 'service_not_found',
        ms: expect.any(Number) as number,
      };
    },
  },
  'path.changed': {
    at: 'node',
    happen: async (stage) => {
      const peer = await callThroughNats(stage, 'port');
      await stage.world.clock.until(() => stage.nodeLog.of('path.changed').length === 1, 2_000);
      return { peer, path: 'punched', address: '203.0.113.2:9443' };
    },
  },
  'punch.failed': {
    at: 'node',
    happen: async (stage) => {
      const peer = await callThroughNats(stage, 'sym');
      await stage.world.clock.until(() => stage.nodeLog.of('punch.failed').length === 1, 30_000);
      return { peer, reason: 'unreachable', retry: 30_000 };
    },
  },
  'connection.opened': {
    at: 'node',
    happen: async ({ client }) => ({ peer: client.id, direction: 'in' }),
  },
  'connection.closed': {
    at: 'node',
    happen: async ({ world, client }) => {
      await world.settle(client.disconnect());
      await world.clock.advance(10);
      return { peer: client.id, direction: 'in', reason: 'connection closed by the peer: closed' };
    },
  },
  'connection.refused': {
    at: 'node',
    happen: async ({ world, node }) => {
      const identity = world.identity('stranger');
      const failed = await world.failure(world.dial(node, { realm: 'another', identity }));
      expect(failed.tag).toBe('unauthorized');
      return { peer: Buffer.from(identity.nodeId).toString('hex'), direction: 'in' };
    },
  },
  'uplink.lost': {
    at: 'client',
    happen: async (stage) => {
      await lose(stage);
      return { peer: stage.node.id };
    },
  },
  'uplink.retry': {
    at: 'client',
    happen: async (stage) => {
      await lose(stage);
      return { attempt: 1 };
    },
  },
  'uplink.reconnected': {
    at: 'client',
    happen: async (stage) => {
      await lose(stage);
      return { peer: stage.node.id, attempt: 1 };
    },
  },
  'uplink.given_up': {
    at: 'client',
    happen: async ({ world, node, clientLog }) => {
      await world.client(node, { identity: world.identity('twin') });
      await world.clock.until(() => clientLog.of('uplink.given_up').length > 0, 5_000);
      return {};
    },
  },
  'peer.suspect': {
    at: 'client',
    happen: async (stage) => {
      await doubt(stage);
      return { peer: stage.node.id };
    },
  },
  'peer.recovered': {
    at: 'client',
    happen: async (stage) => {
      await doubt(stage);
      return { peer: stage.node.id };
    },
  },
  'dht.published': {
    at: 'node',
    happen: async ({ world, node }) => {
      const handle = await world.settle(node.advertise('m.echo', (args) => args));
      await world.clock.until(() => handle.state() === 'published', 1_000);
      return { procedure: 'm.echo', stored: 1, of: 1 };
    },
  },
  'dht.publish_failed': {
    at: 'node',
    happen: async ({ world, node, nodeLog }) => {
      const other = await world.node({ bootstrap: [node.url] });
      await world.settle(other.ready());
      world.network.faults.kill(new URL(other.url).hostname);
      await world.settle(node.advertise('m.echo', (args) => args));
      await world.clock.until(() => nodeLog.of('dht.publish_failed').length === 1, 10_000);
      return { procedure: 'm.echo', detail: 'no node of the DHT answers' };
    },
  },
  'dht.crowded': {
    at: 'node',
    happen: async ({ world, node }) => {
      const target = (first: number): Uint8Array =>
        Uint8Array.from({ length: 32 }, (_, at) => (at === 0 ? first : 0));
      const heard = (key: Uint8Array, distance: number): void => {
        const id = Uint8Array.from(key, (byte, at) => (at === 1 ? byte ^ distance : byte));
        const farthest = { id, nodeId: Buffer.from(id).toString('hex'), address: '198.18.40.2:1' };
        const news = new Request('heard', { target: key, contacts: [], farthest });
        runtimeOf(node).cast(processOf(node, 'routingTable'), news);
      };
      const table = shared(contextOf(node), 'routingTable');
      if (table === undefined) throw new Error('no table');
      for (let n = 0; n < 20; n++) {
        const id = Uint8Array.from(table.self, (byte, at) => (at === 0 ? byte ^ 128 : n));
        const contact = { id, nodeId: Buffer.from(id).toString('hex'), address: `198.18.${100 + n}.1:1` };
        table.add(contact, world.clock.now());
      }
      for (let other = 1; other <= 5; other++) heard(target(16 * other), 128);
      heard(target(144), 2);
      await world.clock.advance(1);
      return { key: Buffer.from(target(144)).toString('hex'), times: 64 };
    },
  },
  'peer.slow': {
    at: 'node',
    happen: async ({ world, node }) => {
      await node.advertise('m.make', () => 'r'.repeat(900_000));
      const peer = await (await rawPeer(world, node, 'deaf')).greeted();
      peer.channels.rpc.stream.pause();
      peer.onStream = (stream) => {
        stream.pause();
        return { onData: () => {}, onEnd: () => {}, onReset: () => {}, onDrain: () => {} };
      };
      for (let n = 0; n < 20; n++) peer.channels.rpc.send('call', peer.call('m.make', { timeout: 60_000 }));
      for (let n = 0; n < 40 && peer.closes.length === 0; n++) {
        await world.clock.advance(500);
        if (peer.closes.length === 0) peer.link.ping();
      }
      return {
        peer: Buffer.from(peer.identity.nodeId).toString('hex'),
        queued: expect.any(Number) as number,
      };
    },
  },
  'dht.off': {
    at: 'node',
    happen: async ({ world, node, nodeLog: { runtime } }) => {
      const edge = await world.node({ runtime, listen: '0.0.0.0:9555', dht: false, bootstrap: [node.url] });
      const routed = edge.tryCall('m.nobody');
      expect((await world.settle(routed)).ok).toBe(false);
      await world.settle(edge.close());
      return { bootstraps: 1 };
    },
  },
  'dht.unreachable': {
    at: 'node',
    happen: async (stage) => {
      await loseDht(stage);
      return { bootstraps: 0, lost: 1 };
    },
  },
  'dht.recovered': {
    at: 'node',
    happen: async (stage) => {
      await loseDht(stage);
      stage.world.network.faults.healAll();
      await stage.world.clock.until(() => stage.nodeLog.of('dht.recovered').length === 1);
      return { contacts: 1 };
    },
  },
  'dist.nodeup': {
    at: 'node',
    happen: async (stage) => {
      const [here, there] = await nodesOfOneCookie(stage);
      expect(await stage.world.settle(here.dist.ping(there.dist.name))).toBe(true);
      return { node: there.dist.name, address: there.dist.name.replace(/(.*)@(.*)/, '$2:$1') };
    },
  },
  'dist.nodedown': {
    at: 'node',
    happen: async (stage) => {
      const [here, there] = await nodesOfOneCookie(stage);
      await stage.world.settle(here.dist.ping(there.dist.name));
      await stage.world.settle(here.dist.disconnect(there.dist.name));
      await stage.world.clock.settle();
      return { node: there.dist.name, reason: 'disconnect' };
    },
  },
  'dist.handshake_failed': {
    at: 'node',
    happen: async (stage) => {
      const [here] = await nodesOfOneCookie(stage);
      const node = '9443@198.18.40.3';
      const other = await stage.world.node({ host: '198.18.40.3', dist: { cookie: 'another', name: node } });
      expect(await stage.world.settle(here.dist.ping(node))).toBe(false);
      expect(other.dist.nodes()).toEqual([]);
      return { address: '198.18.40.3:9443', node };
    },
  },
  'dist.protocol_error': {
    at: 'node',
    happen: async (stage) => {
      const [here, , stranger] = await nodesOfOneCookie(stage);
      const raw = await stage.world.settle(rawNode(stranger, here.dist.name, 'secret'));
      raw.send(Uint8Array.of(1, 2, 3));
      await stage.world.clock.until(() => stage.nodeLog.of('dist.protocol_error').length === 1, 1_000);
      return { node: '1@raw', error: 'a packet with an atom cache or a fragment' };
    },
  },
  'dist.ignored': {
    at: 'node',
    happen: async (stage) => {
      const [here, , stranger] = await nodesOfOneCookie(stage);
      const raw = await stage.world.settle(rawNode(stranger, here.dist.name, 'secret'));
      const control = encodeTerm(tuple(99, 'what'));
      expect(control.ok).toBe(true);
      if (control.ok) raw.send(Buffer.concat([Buffer.of(112), control.bytes]));
      await stage.world.clock.until(() => stage.nodeLog.of('dist.ignored').length === 1, 1_000);
      expect(here.dist.nodes()).toEqual(['1@raw']);
      return { node: '1@raw', operation: 99 };
    },
  },
  'dist.unsendable': {
    at: 'node',
    happen: async (stage) => {
      const [here, there] = await nodesOfOneCookie(stage);
      await stage.world.settle(here.dist.ping(there.dist.name));
      const { runtime } = stage.nodeLog;
      expect(runtime.send(here.dist.whereis('nobody', there.dist.name), () => 1)).toBe(false);
      return { node: there.dist.name };
    },
  },
  'dist.groups_refused': {
    at: 'node',
    happen: async ({ world, nodeLog }) => {
      const { runtime } = nodeLog;
      const few = new ProcessGroups({ maxNodeMemberships: 1 });
      const many = new ProcessGroups();
      const [one, two] = ['9443@198.18.40.10', '9443@198.18.40.11'] as const;
      const of = (name: string, pg: ProcessGroups) => ({ dist: { cookie: 'secret', name, groups: { pg } } });
      const here = await world.node({ runtime, host: '198.18.40.10', ...of(one, few) });
      const there = await world.node({ host: '198.18.40.11', ...of(two, many) });
      const member = runtimeOf(there).spawn({ type: 'Member', receive: () => {} });
      many.join('group', [member, member]);
      await world.settle(here.dist.ping(two));
      await world.clock.until(() => nodeLog.of('dist.groups_refused').length === 1, 1_000);
      expect(few.whichGroups()).toEqual([]);
      return { node: two, scope: 'pg', bound: 1 };
    },
  },
  'dist.relay_open': {
    at: 'node',
    happen: async ({ world, nodeLog: { runtime } }) => {
      const [transport, logger] = [world.network.transport(RELAY), silentLogger];
      const open = startDistRelay({ runtime, transport, logger, listen: `${RELAY}:4434` });
      await settled(world, (await settled(world, open)).close());
      return { address: `${RELAY}:4434` };
    },
  },
  'dist.client_identified': {
    at: 'node',
    happen: async ({ world, nodeLog: { runtime } }) => {
      const relay = await relayIn(world, RELAY, { runtime });
      const transport = world.network.transport('198.18.40.21');
      await knownIn(world, [relay], ANN, { transport });
      return { node: ANN, address: expect.stringMatching(/^198\.18\.40\.21:\d+$/) as string };
    },
  },
  'dist.client_refused': {
    at: 'node',
    happen: async (stage) => {
      const { relay } = await relayed(stage);
      const thief = await clientIn(stage.world, [relay], ANN);
      await happened(stage.world, () => stage.nodeLog.of('dist.client_refused').length === 1);
      await settled(stage.world, thief.close());
      return { node: ANN, address: expect.any(String) as string, reason: 'name_taken' };
    },
  },
  'dist.client_left': {
    at: 'node',
    happen: async (stage) => {
      const { ann } = await relayed(stage);
      await settled(stage.world, ann.close());
      await happened(stage.world, () => stage.nodeLog.of('dist.client_left').length === 1);
      return { node: ANN, reason: 'remote' };
    },
  },
  'dist.tunnel_opened': {
    at: 'node',
    happen: async (stage) => {
      const { ann } = await relayed(stage);
      await settled(stage.world, ann.requestTunnel(BOB));
      return { source: ANN, target: BOB };
    },
  },
  'dist.tunnel_closed': {
    at: 'node',
    happen: async (stage) => {
      const { ann } = await relayed(stage);
      const { tunnelId } = await settled(stage.world, ann.requestTunnel(BOB));
      ann.closeTunnel(tunnelId);
      await happened(stage.world, () => stage.nodeLog.of('dist.tunnel_closed').length === 1);
      return { source: ANN, target: BOB, reason: expect.any(String) as string };
    },
  },
  'dist.relay_ready': {
    at: 'client',
    happen: async ({ world, clientLog: { runtime } }) => {
      await knownIn(world, [await relayIn(world, RELAY)], ANN, { runtime });
      return { node: ANN, relay: RELAY_URL };
    },
  },
  'dist.relay_lost': {
    at: 'client',
    happen: async ({ world, clientLog }) => {
      const relay = await relayIn(world, RELAY);
      await knownIn(world, [relay], ANN, { runtime: clientLog.runtime });
      await settled(world, relay.close());
      await happened(world, () => clientLog.of('dist.relay_lost').length === 1);
      return { node: ANN, relay: RELAY_URL, reason: 'the relay has closed the connection: shutdown' };
    },
  },
  'dist.tunnel_refused': {
    at: 'client',
    happen: async ({ world, clientLog }) => {
      const relay = await relayIn(world, RELAY);
      const ann = await knownIn(world, [relay], ANN, { secret: 'mine' });
      const bob = await knownIn(world, [relay], BOB, { runtime: clientLog.runtime, secret: 'his' });
      bob.setKernel(() => {});
      expect(await refusal(world, ann.requestTunnel(BOB))).toBeInstanceOf(TunnelError);
      await happened(world, () => clientLog.of('dist.tunnel_refused').length === 1);
      return { node: ANN, relay: RELAY_URL, reason: 'unproven' };
    },
  },
  'bridge.registered': {
    at: 'node',
    happen: async (stage) => {
      const { bridge } = await bridged(stage);
      expect(bridge.register({ name: 'bob', port: 9_100 })).toBeUndefined();
      expect(bridge.register({ name: 'other', port: 9_101 })).toBe(
        `this bridge is for ${BOB}, not for other`,
      );
      return { node: BOB, port: 9_100 };
    },
  },
  'bridge.unregistered': {
    at: 'node',
    happen: async (stage) => {
      const { bridge } = await bridged(stage);
      bridge.unregistered('bob');
      bridge.register({ name: 'bob', port: 9_100 });
      bridge.unregistered('bob');
      return { node: BOB };
    },
  },
  'bridge.unreached': {
    at: 'node',
    happen: async (stage) => {
      const { ann } = await bridged(stage);
      // cut before it is there, or at once when it is
      const asked = ann.requestTunnel(BOB).catch(() => undefined);
      await happened(stage.world, () => stage.nodeLog.of('bridge.unreached').length === 1);
      await settled(stage.world, asked);
      return { node: BOB, reason: `${ANN} looks for it, and it is not registered` };
    },
  },
  'bridge.refused': {
    at: 'node',
    happen: async (stage) => {
      const { bridge } = await bridged(stage);
      bridge.refused('127.0.0.1:40000', 'asks nothing');
      return { address: '127.0.0.1:40000', reason: 'asks nothing' };
    },
  },
  'inspector.started': {
    at: 'node',
    happen: async (stage) => ({ address: (await inspected(stage)).address, actions: true }),
  },
  'inspector.unannounced': {
    at: 'node',
    happen: async (stage) => {
      const nowhere = '/nowhere/at/all';
      vi.stubEnv('XDG_RUNTIME_DIR', '');
      vi.stubEnv('TMPDIR', nowhere);
      try {
        return { address: (await inspected(stage)).address, reason: `${nowhere} is no directory` };
      } finally {
        vi.unstubAllEnvs();
      }
    },
  },
  'inspector.action': {
    at: 'node',
    happen: async (stage) => {
      const { world } = stage;
      const { address, token } = await inspected(stage);
      const asked = fetch(`${address}/api/actions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${token}`,
          'content-type': 'application/json',
          'x-espalier-action': '1',
        },
        body: JSON.stringify({ action: 'kill', id: '<0.999999>' }),
      });
      await happened(world, () => stage.nodeLog.of('inspector.action').length === 1);
      await settled(world, (await settled(world, asked)).text());
      return { action: 'kill', target: '<0.999999>', outcome: 'not_found' };
    },
  },
  'frame.invalid': {
    at: 'node',
    happen: async ({ world, node }) => {
      const peer = await (await rawPeer(world, node)).greeted();
      peer.channels.rpc.stream.write(new Uint8Array(64).fill(0xff));
      await world.clock.until(() => peer.closes.length > 0);
      return { peer: Buffer.from(peer.identity.nodeId).toString('hex'), channel: 'rpc' };
    },
  },
  'overload.refused': {
    at: 'node',
    happen: async ({ world, node }) => {
      const held = gate();
      await node.advertise('m.one', () => held.promise, { limits: { maxConcurrent: 1, maxQueue: 0 } });
      const first = node.tryCall('m.one');
      expect(await world.failure(node.call('m.one'))).toEqual({ tag: 'overloaded', bound: 'procedure' });
      held.open();
      await world.settle(first);
      return { procedure: 'm.one', bound: 'procedure' };
    },
  },
  'events.skipped': {
    at: 'node',
    happen: async ({ world, node, nodeLog }) => {
      await node.advertise('m.echo', (args) => args);
      await world.settle(Promise.all(Array.from({ length: 130 }, () => node.call('m.echo'))));
      expect(nodeLog.of('rpc.completed').length).toBe(100);
      await world.settle(node.close());
      return { of: 'rpc.completed', skipped: 30 };
    },
  },
  'actor.crash': {
    at: 'node',
    happen: async ({ world, node, client }) => {
      await node.advertise('m.crash', boom);
      const failure = await world.failure(client.call('m.crash'));
      const { id } = failure as { id: string };
      expect(failure).toEqual({ tag: 'handler_crash', id, reason: 'error' });
      return { id, reason: 'TypeError', path: 'node > handlers > m.crash', type: 'Invocation' };
    },
  },
  'actor.unhandled': {
    at: 'node',
    happen: async (stage) => {
      const other = await another(stage, quiet, 1_000);
      runtimeOf(other).send(processOf(other, 'own'), { what: 'is this' });
      await stage.world.clock.settle();
      return { actor: 'own', kind: 'object' };
    },
  },
  'supervisor.progress': {
    at: 'node',
    happen: async (stage) => {
      await another(stage, quiet, 1_000);
      return { supervisor: 'app', child: 'own' };
    },
    which: ({ child }) => child === 'own',
  },
  'supervisor.child_terminated': {
    at: 'node',
    happen: async ({ world, node }) => {
      kill(node, 'router');
      await world.clock.settle();
      return { supervisor: 'services', child: 'router', reason: 'killed', decision: 'restart (restForOne)' };
    },
  },
  'supervisor.start_error': {
    at: 'node',
    happen: async (stage) => {
      await stage.world.rejection(another(stage, { label: 'broken', init: boom }, 1_000));
      return { supervisor: 'app', child: 'own', reason: 'TypeError' };
    },
  },
  'supervisor.shutdown_error': {
    at: 'node',
    happen: async (stage) => {
      const other = await another(stage, stubborn, 10);
      await stage.world.settle(other.close());
      return { child: 'own', reason: 'killed' };
    },
  },
  'supervisor.shutdown': {
    at: 'node',
    happen: async (stage) => {
      const other = await another(stage, quiet, 10);
      for (let n = 0; n < 4; n++) {
        kill(other, 'own');
        await stage.world.clock.settle();
      }
      return { supervisor: 'app', child: 'own', reason: 'reached_max_restart_intensity' };
    },
  },
  'runtime.defect': {
    at: 'node',
    happen: async ({ node }) => {
      node.events.addEventListener('service.advertised', boom);
      await node.advertise('m.echo', (args) => args);
      return { reason: 'TypeError' };
    },
  },
  'runtime.blocked': {
    at: 'node',
    happen: async ({ world, node, nodeLog }) => {
      const pid = processOf(node, 'router');
      nodeLog.runtime.report({ tag: 'blocked', at: world.clock.wall(), pid, label: 'router', ms: 400 });
      await world.clock.settle();
      return { pid: pid.toString(), actor: 'router', ms: 400, over: true };
    },
  },
  'machine.log': {
    at: 'node',
    happen: async ({ world, nodeLog }) => {
      const machine = createMachine({ id: 'light', entry: logAction(() => ({ lit: true }), 'state') });
      await startMachine(nodeLog.runtime, machine, { perform: () => {} });
      await world.clock.settle();
      return { label: 'state', value: { lit: true } };
    },
  },
};

const host = (of: Node | RemoteClient): string => (isNode(of) ? LISTEN : '198.18.41.1');
const isNode = (of: Node | RemoteClient): of is Node => 'url' in of;

/** A client that waits for an answer hears nothing for a while. */
async function doubt({ world, node, client, clientLog }: Stage): Promise<void> {
  await node.advertise('m.slow', () => new Promise(() => {}));
  const call = client.tryCall('m.slow', {}, { timeout: 3_000 });
  await world.clock.advance(20);
  world.network.faults.cut(LISTEN, host(client));
  await world.clock.until(() => clientLog.of('peer.suspect').length > 0, 2_000);
  world.network.faults.healAll();
  await world.clock.until(() => clientLog.of('peer.recovered').length > 0, 5_000);
  await world.settle(call);
}

async function staged(): Promise<Stage> {
  const world = loggedWorld();
  const [nodeLog, clientLog] = [world.log(), world.log()];
  const node = await world.node({ runtime: nodeLog.runtime, host: LISTEN });
  const identity = world.identity('twin');
  const client = await world.client(node, { runtime: clientLog.runtime, host: '198.18.41.1', identity });
  return { world, node, client, nodeLog, clientLog };
}

function isOf(spec: FieldSpec, value: unknown): boolean {
  if (value === undefined) return spec.endsWith('?');
  const type = spec.replace('?', '');
  return type === 'ms' || type === 'bytes' ? typeof value === 'number' && value >= 0 : typeof value === type;
}

describe('overload.refused', () => {
  test('tells of a peer with too many calls in flight too, ten lines in a second', async () => {
    const { world, node, nodeLog } = await staged();
    await node.advertise('m.slow', () => new Promise(() => {}), { limits: { maxConcurrent: 5_000 } });
    const peer = await (await rawPeer(world, node, 'busy')).greeted();
    for (let n = 0; n < 4_096 + 30; n++)
      peer.channels.rpc.send('call', peer.call('m.slow', { timeout: 60_000 }));
    await world.clock.until(() => peer.channels.rpc.of('reply').length === 30, 500);
    const lines = nodeLog.of('overload.refused');
    expect(lines.length).toBe(10);
    for (const { fields } of lines) expect(fields).toEqual({ procedure: 'm.slow', bound: 'peer' });
  });
});

describe('the catalogue', () => {
  test('has a row here for every event', () => {
    expect(Object.keys(ROWS).toSorted()).toEqual(Object.keys(CATALOGUE).toSorted());
  });

  for (const [name, row] of Object.entries(ROWS) as [EventName, Row][]) {
    const { level, fields } = definitionOf(name);
    test(`${name} happens at level ${level}, with exactly its fields, once`, async () => {
      const stage = await staged();
      const log = row.at === 'node' ? stage.nodeLog : stage.clientLog;
      const expected = await row.happen(stage);
      await stage.world.clock.settle();
      const lines = log.of(name).filter((line) => row.which?.(line.fields) ?? true);
      expect(lines.map((line) => line.fields)).toMatchObject([expected]);
      for (const line of log.of(name)) {
        expect(line.level).toBe(level);
        for (const [field, spec] of Object.entries(fields))
          expect([field, isOf(spec, line.fields[field])]).toEqual([field, true]);
        const undeclared = Object.keys(line.fields).filter(
          (field) => !(field in fields) && field !== 'skipped',
        );
        expect(undeclared).toEqual([]);
      }
    });
  }
});
