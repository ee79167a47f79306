/** Clusters whose nodes find each other by records in the DHT, and records that lie. */
import { describe, expect, test } from 'vitest';
import type { SignedRecordPayload } from '../../../src/codec/payloads.ts';
import type { Identity } from '../../../src/identity/identity.ts';
import { hex, shared } from '../../../src/mesh/context.ts';
import { lookUp } from '../../../src/mesh/dht/dht.ts';
import { procedureKey, type RecordFields } from '../../../src/mesh/dht/record.ts';
import type { Node } from '../../../src/node.ts';
import {
  closeAtEnd,
  contextOf,
  meshWorld,
  processOf,
  REALM,
  runtimeOf,
  type MeshWorld,
} from '../../mesh-world.ts';
import { lyingContact } from '../../mesh/dht/lying-contact.ts';
import { signedBy } from '../../mesh/dht/signed.ts';
import {
  connectionsOf,
  die,
  downs,
  haveMet,
  isFull,
  member,
  nameAt,
  untilSo,
  type Member,
  type MemberOptions,
} from './world.ts';

const HOSTS = ['198.18.80.1', '198.18.80.2', '198.18.80.3', '198.18.80.4'] as const;
const cluster = { strategy: 'dht', name: 'prod' } as const;
const KEY = procedureKey('_dist.prod');

interface Stage {
  readonly world: MeshWorld;
  /** A node of the mesh without a distribution. */
  readonly boot: Node;
  join(host: string, options?: Partial<MemberOptions>): Promise<Member>;
}

async function staged(): Promise<Stage> {
  const world = meshWorld();
  const boot = await world.node({ host: '198.18.81.1' });
  closeAtEnd(world, boot);
  const join: Stage['join'] = async (host, options = {}) => {
    const joined = await member(world, { host, bootstrap: [boot.url], cluster, ...options });
    closeAtEnd(world, joined.node);
    return joined;
  };
  return { world, boot, join };
}

async function formed(
  hosts: readonly string[] = HOSTS.slice(0, 3),
): Promise<Stage & { readonly members: readonly Member[] }> {
  const stage = await staged();
  const members = await Promise.all(hosts.map((host) => stage.join(host)));
  await untilSo(stage.world, () => isFull(members), 5_000);
  return { ...stage, members };
}

const identityOf = (node: Node): Identity =>
  shared(contextOf(node), 'identity') ?? expect.fail('no identity');

/** What a node says that claims a name in the cluster. */
const claim = (
  world: MeshWorld,
  by: Identity,
  node: unknown,
  given: Partial<RecordFields> = {},
): SignedRecordPayload =>
  signedBy(by, { key: KEY, realm: REALM, metadata: { node }, issuedAt: world.clock.wall(), ...given });

async function publish({ world }: Stage, from: Node, value: SignedRecordPayload): Promise<void> {
  const done = await world.settle(lookUp(contextOf(from), { kind: 'store', key: KEY, value }, 10_000));
  expect(done?.outcome).toMatchObject({ tag: 'stored' });
}

/** Records of the cluster that a node keeps, those that were taken back left out. */
const kept = (node: Node): readonly string[] => {
  const { records, runtime } = contextOf(node);
  const at = { now: runtime.clock.now(), wall: runtime.clock.wall() };
  return records
    .held(hex(KEY), at)
    .filter(({ removed }) => !removed)
    .map(({ metadata }) => metadata['node'] as string)
    .toSorted();
};

describe('nodes that say where they are', () => {
  test('find each other, and whoever comes later', async () => {
    const { world, join, boot, members } = await formed();
    await world.clock.advance(60_000);
    const late = await join(HOSTS[3]);
    expect(await untilSo(world, () => isFull([...members, late]), 10_000)).toBeLessThan(5_000);
    await world.clock.advance(60_000);
    expect([...members, late].map(connectionsOf)).toEqual([3, 3, 3, 3]);
    expect(kept(boot)).toEqual(HOSTS.map(nameAt));
  });

  test('are of one cluster: those of another name are none of theirs', async () => {
    const { world, join, members } = await formed();
    const other = { strategy: 'dht', name: 'test' } as const;
    const others = await Promise.all(
      ['198.18.82.1', '198.18.82.2'].map((host) => join(host, { cluster: other })),
    );
    await untilSo(world, () => isFull(others), 5_000);
    await world.clock.advance(30_000);
    expect(isFull(members) && isFull(others)).toBe(true);
  });

  test('are of one realm: another one has a cluster of its own by the same name', async () => {
    const { world, join, members } = await formed();
    const first = await join('198.18.84.1', { realm: 'another' });
    const second = await join('198.18.84.2', { realm: 'another', bootstrap: [first.node.url] });
    await untilSo(world, () => isFull([first, second]), 5_000);
    await world.clock.advance(60_000);
    expect(isFull(members) && isFull([first, second])).toBe(true);
  });

  test('one that closes takes its record back, and is not dialed for long', async () => {
    const { world, boot, members } = await formed();
    const [leaving, ...staying] = members as [Member, Member, Member];
    await world.settle(leaving.node.close());
    await world.clock.until(() => isFull(staying), 1_000);
    expect(kept(boot)).toHaveLength(2);
    // three lookups, and the dials of that time
    await world.clock.advance(40_000);
    for (let n = 0; n < 100; n++) {
      await world.clock.advance(300);
      expect(staying.map(connectionsOf)).toEqual([1, 1]);
    }
  });

  test('one whose distribution alone is closed takes its record back too', async () => {
    const { world, boot, members } = await formed();
    await world.settle((members[0] as Member).node.dist.close());
    await world.clock.until(() => kept(boot).length === 2, 5_000);
  });

  test('one that died is forgotten when its record is over, and connected when it is back under another key', async () => {
    const { world, boot, join, members } = await formed();
    const [dead, ...living] = members as [Member, Member, Member];
    await die(world, dead);
    await world.clock.until(() => isFull(living), 60_000);
    const back = await join(dead.host);
    expect(back.node.id).not.toBe(dead.node.id);
    const whole = [back, ...living];
    expect(await untilSo(world, () => isFull(whole), 20_000)).toBeLessThan(10_000);
    await die(world, back);
    await world.clock.advance(120_000);
    expect(kept(boot)).toEqual(living.map(({ name }) => name).toSorted());
    expect(living.map(connectionsOf)).toEqual([1, 1]);
  });

  test('a killed cluster or advertiser says and finds as before, and costs no connection', async () => {
    const { world, boot, join, members } = await formed();
    const { node } = members[0] as Member;
    for (const label of ['cluster', 'advertiser', 'serviceRegistry', 'lookups']) {
      runtimeOf(node).exit(processOf(node, label), 'kill');
      await world.clock.advance(2_000);
    }
    const late = await join(HOSTS[3]);
    await untilSo(world, () => isFull([...members, late]), 15_000);
    await world.clock.advance(180_000);
    expect(kept(boot)).toEqual(HOSTS.map(nameAt));
    expect([...members, late].flatMap(downs)).toEqual([]);
  });

  test('somebody with another cookie is found and not let in', async () => {
    const { world, join, members } = await formed();
    const wrong = await join(HOSTS[3], { cookie: 'another' });
    await world.clock.advance(120_000);
    expect(wrong.node.dist.nodes()).toEqual([]);
    expect(isFull(members)).toBe(true);
  });
});

describe('a record that lies', () => {
  const DECOY = '198.18.83.1';

  /** A node with our cookie that is in no cluster: who is connected to it has dialed it. */
  const decoy = (stage: Stage): Promise<Member> => stage.join(DECOY, { cluster: undefined as never });

  type Lie = (world: MeshWorld, decoy: Identity) => SignedRecordPayload;
  const LIES: Readonly<Record<string, Lie>> = {
    'is forged': (world, by) => ({ ...claim(world, by, nameAt(DECOY)), sig: new Uint8Array(64).fill(7) }),
    'has the signature of another': (world, by) => ({
      ...claim(world, by, nameAt(DECOY)),
      sig: claim(world, by, nameAt('198.18.83.9')).sig,
    }),
    'is of another realm': (world, by) => claim(world, by, nameAt(DECOY), { realm: 'another' }),
    'is of another cluster': (world, by) =>
      claim(world, by, nameAt(DECOY), { key: procedureKey('_dist.test') }),
    'is over': (world, by) => claim(world, by, nameAt(DECOY), { issuedAt: world.clock.wall() - 400_000 }),
    'names no node': (world, by) => claim(world, by, `9443@${DECOY}@x`),
    'names a node of EPMD': (world, by) => claim(world, by, `alice@${DECOY}`),
    'is of a key that the node has not': (world) => claim(world, world.identity('ghost'), nameAt(DECOY)),
  };

  test.each(Object.entries(LIES))('because it %s connects nobody', async (_why, lie) => {
    const stage = await formed();
    const { world, members } = stage;
    const other = await decoy(stage);
    const record = lie(world, identityOf(other.node));
    for (const { node } of members) await lyingContact(world, node, () => ({ nodes: [], value: [record] }));
    await world.clock.advance(60_000);
    expect(other.node.dist.nodes()).toEqual([]);
    expect(isFull(members)).toBe(true);
  });

  test('would have been believed had it been true', async () => {
    const stage = await formed();
    const { world, members } = stage;
    const other = await decoy(stage);
    const record = claim(world, identityOf(other.node), nameAt(DECOY), { ttl: 3_600_000 });
    for (const { node } of members) await lyingContact(world, node, () => ({ nodes: [], value: [record] }));
    await world.clock.until(() => other.node.dist.nodes().length === 3, 60_000);
  });

  test('about the name of a member keeps that one from nobody: two claim it, so the cookie decides', async () => {
    const stage = await staged();
    const { world, boot, join } = stage;
    const ghost = world.identity('ghost');
    for (const host of HOSTS) await publish(stage, boot, claim(world, ghost, nameAt(host)));
    const members = await Promise.all(HOSTS.map((host) => join(host)));
    await untilSo(world, () => isFull(members), 15_000);
    await publish(stage, boot, claim(world, ghost, (members[0] as Member).name));
    const { node } = members[1] as Member;
    await world.settle(node.dist.disconnect((members[0] as Member).name));
    await untilSo(world, () => isFull(members), 15_000);
  });

  test('counts for nothing against the keys that the user has given', async () => {
    const stage = await staged();
    const { world, join } = stage;
    const keys = { [nameAt(HOSTS[1])]: hex(world.identity('somebody else').nodeId) };
    const one = await join(HOSTS[0], { keys });
    const others = await Promise.all(HOSTS.slice(1, 3).map((host) => join(host)));
    await untilSo(world, () => isFull(others) || others[0]?.node.dist.nodes().length === 1, 5_000);
    await world.clock.advance(60_000);
    expect(one.node.dist.nodes()).toEqual([nameAt(HOSTS[2])]);
  });

  test('is one of hundreds: they fill neither the way to those who are there nor to those who come', async () => {
    const stage = await formed();
    const { world, boot, join, members } = stage;
    for (let n = 0; n < 300; n++) {
      const value = claim(world, world.identity(`ghost ${n}`), `9443@198.18.${90 + (n >> 8)}.${n & 255}`);
      await world.settle(lookUp(contextOf(boot), { kind: 'store', key: KEY, value }, 10_000));
    }
    await world.clock.advance(10_000);
    for (const each of members) {
      expect(connectionsOf(each)).toBeGreaterThan(2);
      expect(connectionsOf(each)).toBeLessThanOrEqual(2 + 16);
    }
    const late = await join(HOSTS[3]);
    await untilSo(world, () => haveMet([...members, late]), 60_000);
    const [lost] = members;
    await world.settle((lost as Member).node.dist.disconnect(late.name));
    await untilSo(world, () => haveMet([...members, late]), 20_000);
  });
});
