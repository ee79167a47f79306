/** Guide 002: the ways to peers behind NATs, in the order of docs/from-macula.md. */
import { expect, test } from 'vitest';
import type { Node } from '../../src/index.ts';
import { closeAtEnd, contextOf } from '../mesh-world.ts';
import { natWorld, pathTo, type NatWorld, type Type } from '../mesh/nat/nat-world.ts';
import { addressOf } from '../mesh/peer/peer-world.ts';

const TYPES = ['none', 'fullcone', 'addr', 'port', 'sym', 'symport', 'blocked'] as const;

interface Two extends NatWorld {
  readonly caller: Node;
  readonly provider: Node;
}

/** Two nodes, both attached to one station; the provider serves a name that the caller can find. */
async function two(name: string, one: Type | 'public', other: Type | 'public'): Promise<Two> {
  const made = await natWorld(name);
  const caller = await attached(made, 'caller', one);
  const provider = await attached(made, 'provider', other);
  await serve(made, provider, 'nat.echo');
  return { ...made, caller, provider };
}

/** Behind a NAT, or at an address of its own that everybody can reach. */
async function attached(
  { world, station, behind }: NatWorld,
  name: string,
  type: Type | 'public',
): Promise<Node> {
  if (type !== 'public') return behind(name, type);
  const node = await world.node({ stations: [station.url], bootstrap: [station.url] });
  closeAtEnd(world, node);
  await world.clock.until(() => contextOf(node).relays.attached.length > 0);
  return node;
}

async function serve({ world }: NatWorld, node: Node, name: string): Promise<void> {
  await world.settle(node.advertise(name, (args) => args));
  await world.clock.until(() => contextOf(node).discovery.publications.get(name)?.state === 'published');
}

const isPunched = ({ caller, provider }: Two): boolean =>
  pathTo(caller, provider)?.kind === 'punched' && pathTo(provider, caller)?.kind === 'punched';

/** Reasons for which the caller's punches failed, and after how many ms. */
function failedPunches({ world, caller }: Two): { readonly reason: string; readonly after: number }[] {
  const failed: { readonly reason: string; readonly after: number }[] = [];
  const since = world.clock.now();
  caller.events.addEventListener('punch.failed', ({ detail: { reason } }) => {
    failed.push({ reason, after: world.clock.now() - since });
  });
  return failed;
}

test('002-fallback-nat: when nobody answers at a known endpoint, the way through the NAT is taken', async () => {
  const { world, caller, provider } = await two('fallback', 'port', 'port');
  const endpoint = '10.2.0.2:9443';
  await world.settle(caller.peers.sendNatAware(provider.id, 'ping', {}, { endpoint, timeout: 10_000 }));
  expect(caller.peers.list().find(({ nodeId }) => nodeId === provider.id)).toMatchObject({
    path: 'relayed',
    direction: 'out',
  });
});

test('002-strategy-nat-direct: who can be sent to is reached directly, without another dial', async () => {
  for (const [one, other] of [
    ['public', 'port'],
    ['port', 'public'],
    ['port', 'fullcone'],
    ['sym', 'fullcone'],
  ] as const) {
    const both = await two(`direct-${one}-${other}`, one, other);
    const { world, caller, provider } = both;
    await world.settle(caller.call('nat.echo', { n: 1 }));
    const opened = contextOf(caller).counters.connectionsOpened;
    await world.clock.until(() => pathTo(caller, provider)?.kind !== 'relayed', 1_000);
    expect(await world.settle(caller.call('nat.echo', { n: 2 }))).toEqual({ n: 2 });
    expect(contextOf(caller).counters.connectionsOpened, `${one} to ${other}`).toBe(opened);
  }
});

test('002-strategy-punch: a hole is punched from the listening socket; three tries of 5 s at most', async () => {
  const both = await two('punch', 'port', 'port');
  const { world, caller, provider, nats } = both;
  await world.settle(caller.call('nat.echo'));
  await world.clock.until(() => isPunched(both), 1_000);
  // the socket it listens at, as the NAT in front of it shows it: no other one was opened
  expect([nats.get('caller')?.mappings, nats.get('provider')?.mappings]).toEqual([1, 1]);
  expect(pathTo(caller, provider)?.address).toEqual({ host: nats.get('provider')?.host, port: 9443 });

  const cut = await two('no-punch', 'port', 'port');
  cut.world.network.faults.partition(['203.0.113.11', '10.1.0.2'], ['203.0.113.12', '10.2.0.2']);
  const failed = failedPunches(cut);
  await cut.world.settle(cut.caller.call('nat.echo'));
  await cut.world.clock.until(() => failed.length > 0, 16_000);
  expect(failed).toMatchObject([{ reason: 'unreachable' }]);
  expect(failed[0]?.after).toBeGreaterThan(3 * 1_000);
  expect(failed[0]?.after).toBeLessThanOrEqual(3 * 5_000);
});

test('002-strategy-relay: else packets go through a station, as long as there is one', async () => {
  const both = await two('relay', 'sym', 'sym');
  const { world, caller, provider } = both;
  const failed = failedPunches(both);
  expect(await world.settle(caller.call('nat.echo', { n: 1 }))).toEqual({ n: 1 });
  await world.clock.advance(20_000);
  expect(failed.length).toBeGreaterThan(0);
  expect(await world.settle(caller.call('nat.echo', { n: 2 }))).toEqual({ n: 2 });
  expect([pathTo(caller, provider)?.kind, pathTo(provider, caller)?.kind]).toEqual(['relayed', 'relayed']);
  const before = world.clock.now();
  const relayEndpoint = '203.0.113.99:9443';
  const nobody = await world.failure(
    caller.peers.sendNatAware('ab'.repeat(32), 'ping', {}, { relayEndpoint, timeout: 20_000 }),
  );
  expect(nobody).toMatchObject({ tag: 'connection_error', sent: false });
  expect(world.clock.now() - before).toBeLessThanOrEqual(3_000 + 1_000);
  world.network.faults.kill('203.0.113.1');
  await world.clock.advance(60_000);
  const alone = await world.failure(caller.peers.sendNatAware(provider.id, 'ping'));
  expect(alone).toMatchObject({ tag: 'connection_error', sent: false });
});

test('002-all-nat-types: a node behind any NAT is called by one behind any other', async () => {
  const made = await natWorld('all-types');
  const { world, behind } = made;
  const nodes: Node[] = [];
  for (const type of TYPES) nodes.push(await behind(type, type));
  for (const [at, node] of nodes.entries()) await serve(made, node, `nat.${TYPES[at]}`);
  for (const caller of nodes) {
    for (const [at, provider] of nodes.entries()) {
      if (caller === provider) continue;
      const name = `nat.${TYPES[at]}`;
      expect(await world.settle(caller.call(name, { at })), `${name}`).toEqual({ at });
    }
  }
  const alike = await two('blocked-blocked', 'blocked', 'blocked');
  expect(await alike.world.settle(alike.caller.call('nat.echo', { n: 1 }))).toEqual({ n: 1 });
});

test('002-option-relay-endpoint: exactly that station is used', async () => {
  const made = await natWorld('relay-endpoint');
  const { world, station, behind } = made;
  const other = await world.node({ host: '203.0.113.2', station: true, bootstrap: [station.url] });
  closeAtEnd(world, other);
  const stations = [station.url, other.url];
  const caller = await behind('caller', 'sym', { stations });
  const provider = await behind('provider', 'sym', { stations });
  await world.clock.advance(1_000);
  await world.settle(caller.peers.sendNatAware(provider.id, 'ping', {}, { relayEndpoint: addressOf(other) }));
  const peer = caller.peers.list().find(({ nodeId }) => nodeId === provider.id);
  expect(peer).toMatchObject({ path: 'relayed', via: other.id });
  const relayEndpoint = '203.0.113.99:9443';
  const third = await behind('third', 'sym', { stations });
  const sending = third.peers.sendNatAware(provider.id, 'ping', {}, { relayEndpoint, timeout: 8_000 });
  expect(await world.failure(sending)).toMatchObject({ sent: false });
});

test('002-option-skip-hole-punch: the peer is talked to through the station only', async () => {
  const both = await two('skip', 'port', 'port');
  const { world, caller, provider } = both;
  await world.settle(caller.peers.sendNatAware(provider.id, 'ping', {}, { skipHolePunch: true }));
  await world.clock.advance(20_000);
  expect(pathTo(caller, provider)?.kind).toBe('relayed');
  expect(isPunched(both)).toBe(false);
});

test('002-history-nat: an ordinary call falls back by itself: relayed, then punched where that can be', async () => {
  for (const [other, end] of [
    ['addr', 'punched'],
    ['sym', 'relayed'],
  ] as const) {
    const { world, caller, provider } = await two(`history-${other}`, 'port', other);
    expect(await world.settle(caller.call('nat.echo', { n: 1 }))).toEqual({ n: 1 });
    expect(pathTo(caller, provider)?.kind).toBe('relayed');
    await world.clock.advance(5_000);
    expect(pathTo(caller, provider)?.kind).toBe(end);
    expect(await world.settle(caller.call('nat.echo', { n: 2 }))).toEqual({ n: 2 });
  }
});
