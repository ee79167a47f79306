/** Process groups of several nodes of ours, and of one that lies. What Erlang makes of them is in test/interop. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { silentLogger } from '../../src/actor/logger.ts';
import { RemoteName, type Pid } from '../../src/actor/pid.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { PidTerm } from '../../src/codec/etf/identities.ts';
import { tuple, type Tuple } from '../../src/codec/etf/terms.ts';
import { REPAIR } from '../../src/dist/groups/groups-server.ts';
import { OP } from '../../src/dist/protocol/control.ts';
import { createRuntime } from '../../src/otp.ts';
import { ProcessGroups, type GroupChange } from '../../src/otp/process-groups.ts';
import { recorder, spawn } from '../actor/world.ts';
import { anyTerm } from '../codec/etf/terms.ts';
import { nodes, type MemoryNode, type Nodes } from './pair.ts';
import { packetOf, rawPid, reading } from './raw-packets.ts';
import { rawThrough, type RawNode } from './raw-node.ts';

type Groups = ProcessGroups<unknown>;

interface Sharing extends MemoryNode {
  readonly groups: Groups;
}

const A = 'a@127.0.0.1';
const B = 'b@127.0.0.1';

async function sharing(all: Nodes, name: string, groups: Groups = new ProcessGroups()): Promise<Sharing> {
  return { ...(await all.node(name, { groups: { pg: groups } })), groups };
}

async function pair(): Promise<{ all: Nodes; a: Sharing; b: Sharing }> {
  const all = nodes();
  const a = await sharing(all, A);
  const b = await sharing(all, B);
  return { all, a, b };
}

const connect = async (all: Nodes, from: MemoryNode, to: MemoryNode): Promise<void> => {
  expect(await all.settle(from.dist.connect(to.dist.name))).toBe(true);
  await all.clock.settle();
};

/** Members of a group, by the nodes that they are on. */
const nodesOf = ({ groups }: Sharing, group: unknown): readonly string[] =>
  groups.getMembers(group).map(({ node }) => node);

describe('a shared scope', () => {
  test('has the members of both nodes from the moment they are connected', async () => {
    const { all, a, b } = await pair();
    const [mine, theirs] = [spawn(a.runtime), spawn(b.runtime)];
    a.groups.join('g', [mine, mine]);
    b.groups.join('g', theirs);
    await connect(all, a, b);
    expect(nodesOf(a, 'g')).toEqual(['', '', B]);
    expect(nodesOf(b, 'g')).toEqual(['', A, A]);
    expect(a.groups.getLocalMembers('g')).toEqual([mine, mine]);
    expect(b.groups.whichGroups()).toEqual(['g']);
  });

  test('follows joins, leaves and deaths, and a message to all reaches all', async () => {
    const { all, a, b } = await pair();
    await connect(all, a, b);
    const [one, two] = [recorder(b.runtime), recorder(b.runtime)];
    b.groups.join('g', [one.pid, two.pid, one.pid]);
    await all.clock.settle();
    for (const pid of a.groups.getMembers('g')) a.runtime.send(pid, 'work');
    await all.clock.settle();
    expect([one.inbox.length, two.inbox.length]).toEqual([2, 1]);
    b.groups.leave('g', one.pid);
    await all.clock.settle();
    expect(nodesOf(a, 'g')).toEqual([B, B]);
    b.runtime.exit(one.pid, 'kill');
    await all.clock.settle();
    expect(nodesOf(a, 'g')).toEqual([B]);
  });

  test('loses the members of a node that is down, and tells each monitor once; they come back with it', async () => {
    const { all, a, b } = await pair();
    await connect(all, a, b);
    const watcher = recorder(a.runtime);
    a.groups.monitor(watcher.pid, 'g');
    b.groups.join('g', spawn(b.runtime));
    await all.clock.settle();
    const [theirs] = a.groups.getMembers('g');
    all.cut(A, B);
    await all.clock.settle();
    expect(a.groups.whichGroups()).toEqual([]);
    b.groups.join('g', spawn(b.runtime));
    await connect(all, b, a);
    expect(a.groups.getMembers('g')).toHaveLength(2);
    expect(a.groups.getMembers('g')[0]).toBe(theirs);
    expect(watcher.inbox.map(({ message }) => message as GroupChange)).toMatchObject([
      { tag: 'join', pids: [theirs] },
      { tag: 'leave', pids: [theirs] },
      { tag: 'join', pids: [theirs, {}] },
    ]);
  });

  test.each(['groups pg', 'groups', 'carriers', 'netKernel', 'rex', 'spawned'])(
    'goes on when %s is killed, on either node; monitors hear of each member once more at most',
    async (label) => {
      const { all, a, b } = await pair();
      const watcher = recorder(a.runtime);
      a.groups.monitor(watcher.pid, 'g');
      a.groups.join('g', spawn(a.runtime));
      b.groups.join('g', spawn(b.runtime));
      await connect(all, a, b);
      for (const node of [a, b]) {
        node.runtime.exit(node.actor(label), 'kill');
        await all.clock.settle();
        expect(await all.settle(a.dist.connect(B))).toBe(true);
        await all.clock.settle();
        expect([nodesOf(a, 'g'), nodesOf(b, 'g')]).toEqual([
          ['', B],
          ['', A],
        ]);
      }
      const tags = watcher.inbox.map(({ message }) => (message as GroupChange).tag);
      expect(tags.slice(0, 2)).toEqual(['join', 'join']);
      expect(tags.slice(2)).toEqual(['leave', 'join', 'leave', 'join'].slice(0, tags.length - 2));
    },
  );

  test('of a node that comes to have it later is found', async () => {
    const all = nodes();
    const a = await sharing(all, A);
    a.groups.join('g', spawn(a.runtime));
    // whose successor asks once
    a.runtime.exit(a.actor('groups pg'), 'kill');
    await all.clock.settle();
    const heard: unknown[] = [];
    const raw = await rawNodeOf(all, (control, message) => {
      if (control.elements[0] === OP.regSend) heard.push(message);
    });
    expect(heard.length).toBe(1);
    await all.clock.advance(3 * REPAIR);
    expect(heard.length).toBe(4);
    raw.send(regSend('pg', tuple(atom('discover'), SCOPE)));
    await all.clock.settle();
    await all.clock.advance(3 * REPAIR);
    expect(heard.filter((message) => (message as Tuple).elements[0] === atom('discover'))).toHaveLength(4);
  });

  test('offers no process that others may not know', async () => {
    const { all, a, b } = await pair();
    const open = spawn(a.runtime);
    a.groups.join('g', [a.actor('netKernel'), open]);
    await connect(all, a, b);
    expect(nodesOf(b, 'g')).toEqual([A]);
    a.groups.join('g', a.actor('rex'));
    a.groups.leave('g', [a.actor('netKernel'), open]);
    await all.clock.settle();
    expect(nodesOf(b, 'g')).toEqual([]);
  });

  test('is not shared twice', async () => {
    const all = nodes();
    const { groups } = await sharing(all, A);
    await expect(all.node(B, { groups: { pg: groups } })).rejects.toMatchObject({
      name: 'StartError',
      cause: expect.objectContaining({ message: expect.stringContaining('shared') }) as unknown,
    });
  });

  test('ends with its distribution: members elsewhere leave, and groups are local again', async () => {
    const { all, a, b } = await pair();
    a.groups.join('g', spawn(a.runtime));
    b.groups.join('g', spawn(b.runtime));
    await connect(all, a, b);
    await all.settle(a.dist.close());
    await all.clock.settle();
    expect([nodesOf(a, 'g'), nodesOf(b, 'g')]).toEqual([[''], ['']]);
    expect((await all.node(A, { groups: { pg: a.groups } })).dist.nodes()).toEqual([]);
  });

  test('tells a busy node everything again when it reads', async () => {
    const all = nodes();
    const groups = new ProcessGroups<unknown>();
    const a = await all.node(A, { groups: { pg: groups }, busyLimit: 65_536 });
    const b = await sharing(all, B);
    await connect(all, a, b);
    const ends = all.ends(A, B);
    for (const end of ends) end.hold(true);
    const members = Array.from({ length: 1_000 }, () => spawn(a.runtime));
    for (const member of members) groups.join('g', member);
    expect(ends.some(({ queued }) => queued > 30_000)).toBe(true);
    for (const end of ends) end.hold(false);
    await all.clock.settle();
    expect(b.groups.getMembers('g').length).toBeLessThan(1_000);
    await all.clock.advance(REPAIR);
    await all.clock.settle();
    expect(b.groups.getMembers('g').length).toBe(1_000);
  });

  test('cuts what it offers into messages, none of them lost', async () => {
    const { all, a, b } = await pair();
    const members = Array.from({ length: 250 }, () => spawn(a.runtime));
    for (let group = 0; group < 40; group++) a.groups.join(`group ${group}`, members);
    await connect(all, a, b);
    expect(b.groups.whichGroups()).toHaveLength(40);
    for (let group = 0; group < 40; group++) expect(b.groups.getMembers(`group ${group}`)).toHaveLength(250);
  });

  test('makes one of groups that are the same term, also of those that were there before', async () => {
    const all = nodes();
    const groups = new ProcessGroups<unknown>();
    const runtime = createRuntime({ logger: silentLogger });
    const [one, two] = [spawn(runtime), spawn(runtime)];
    groups.join(tuple(atom('room'), 5), one);
    groups.join(tuple(atom('room'), 5), two);
    groups.join(atom('word'), one);
    expect(groups.whichGroups()).toHaveLength(3);
    await sharing(all, A, groups);
    expect(groups.whichGroups()).toHaveLength(2);
    expect(groups.getMembers(tuple(atom('room'), 5))).toEqual([one, two]);
    expect(groups.getMembers('word')).toEqual([one]);
    groups.join(atom('word'), two);
    expect(groups.getMembers('word')).toEqual([one, two]);
  });

  test('tells a monitor of a group that came to be elsewhere, whatever term it is', async () => {
    const { all, a, b } = await pair();
    const watcher = recorder(a.runtime);
    a.groups.monitor(watcher.pid, tuple(atom('room'), 5));
    await connect(all, a, b);
    b.groups.join(tuple(atom('room'), 5), spawn(b.runtime));
    await all.clock.settle();
    expect(watcher.inbox).toMatchObject([{ message: { tag: 'join', group: tuple(atom('room'), 5) } }]);
  });

  test('forgets the terms of groups that nobody is in', async () => {
    const { all, a, b } = await pair();
    await connect(all, a, b);
    const pid = spawn(b.runtime);
    for (let room = 0; room < 3_000; room++) {
      b.groups.join(tuple(atom('room'), room), pid);
      if (room >= 10) b.groups.leave(tuple(atom('room'), room), pid);
      if (room % 100 === 0) await all.clock.settle();
    }
    await all.clock.settle();
    expect(a.groups.whichGroups()).toHaveLength(10);
    for (let room = 0; room < 10; room++)
      expect(a.groups.getMembers(tuple(atom('room'), room))).toHaveLength(1);
  });

  test('keeps groups that are no term, or too long, to itself', async () => {
    const { all, a, b } = await pair();
    const pid = spawn(a.runtime);
    for (const group of [Symbol('s'), 'x'.repeat(300), '\ud800', new Uint8Array(20_000), 'ok'])
      a.groups.join(group, pid);
    await connect(all, a, b);
    expect(b.groups.whichGroups()).toEqual(['ok']);
    a.groups.leave('x'.repeat(300), pid);
    await all.clock.settle();
    expect(b.groups.whichGroups()).toEqual(['ok']);
  });
});

/** The scope's process, and a member, of a node that lies. */
const SCOPE = rawPid(5);
const MEMBER = rawPid(6);

const regSend = (name: string, message: unknown): Uint8Array =>
  packetOf(tuple(OP.regSend, SCOPE, atom(''), atom(name)), message);
const cast = (message: unknown): unknown => tuple(atom('$gen_cast'), message);

const rawNodeOf = (
  all: Nodes,
  heard: (control: Tuple, message: unknown) => void = () => {},
): Promise<RawNode> =>
  all.settle(rawThrough(all.carrier('1@raw'), A, 'secret', { onPacket: reading(heard) }));

describe('a node that lies', () => {
  async function lied(
    options = {},
  ): Promise<{ all: Nodes; a: Sharing; say: (message: unknown) => Promise<void> }> {
    const all = nodes();
    const a = await sharing(all, A, new ProcessGroups<unknown>(options));
    const raw = await rawNodeOf(all);
    return {
      all,
      a,
      say: async (message) => {
        raw.send(regSend('pg', message));
        await all.clock.settle();
      },
    };
  }

  test('is listened to when it tells of itself only', async () => {
    const { a, say } = await lied();
    await say(cast(tuple(atom('sync'), SCOPE, [tuple(atom('g'), [MEMBER, MEMBER])])));
    expect(a.groups.getMembers('g')).toHaveLength(2);
    const other = new PidTerm('other@raw', 6, 0, 7);
    const past = new PidTerm('1@raw', 6, 0, 8);
    await say(tuple(atom('join'), SCOPE, atom('h'), [other, past, new PidTerm(A, 1, 0, a.dist.creation), 7]));
    await say(cast(tuple(atom('sync'), other, [tuple(atom('h'), [other])])));
    await say(tuple(atom('discover'), other));
    expect(a.groups.whichGroups()).toEqual(['g']);
    await say(tuple(atom('leave'), SCOPE, MEMBER, [atom('g'), atom('g'), atom('none')]));
    expect(a.groups.whichGroups()).toEqual([]);
  });

  test('and says of too many that they leave too many groups is refused', async () => {
    const { a, say } = await lied();
    await say(cast(tuple(atom('sync'), SCOPE, [tuple(atom('g'), [MEMBER])])));
    const [groups, pids] = [new Array(1_001).fill(atom('h')), new Array(1_000).fill(MEMBER)];
    await say(tuple(atom('leave'), SCOPE, pids.slice(1), groups));
    expect(a.groups.whichGroups()).toEqual(['g']);
    await say(tuple(atom('leave'), SCOPE, pids, groups));
    expect(a.groups.whichGroups()).toEqual([]);
    await say(tuple(atom('join'), SCOPE, atom('g'), [MEMBER]));
    expect(a.groups.whichGroups()).toEqual([]);
  });

  test('of whom nothing has been heard joins nothing', async () => {
    const { a, say } = await lied();
    await say(tuple(atom('join'), SCOPE, atom('g'), [MEMBER]));
    await say(tuple(atom('leave'), SCOPE, [MEMBER], [atom('g')]));
    expect(a.groups.whichGroups()).toEqual([]);
  });

  test('and says nonsense harms nobody', async () => {
    const { a, say } = await lied();
    await say(tuple(atom('discover'), SCOPE, 7));
    const { serial } = a.actor('groups pg');
    for (const message of [
      7,
      tuple(),
      tuple(atom('sync'), SCOPE),
      tuple(atom('sync'), SCOPE, 7),
      cast(tuple(atom('sync'), SCOPE, [7, tuple(atom('g')), tuple(atom('g'), 7)])),
      tuple(atom('join'), SCOPE),
      tuple(atom('leave'), SCOPE, 7, 7),
      tuple(atom('leave'), SCOPE, [7], [7]),
      tuple(atom('$gen_call'), tuple(SCOPE, atom('tag')), atom('which_groups')),
      tuple(atom('$gen_call'), 7, 7),
    ])
      await say(message);
    expect(a.groups.whichGroups()).toEqual([]);
    expect(a.actor('groups pg').serial).toBe(serial);
  });

  test('and says anything at all harms nobody, and leaves nothing behind when it goes', async () => {
    const { all, a, say } = await lied();
    const { serial } = a.actor('groups pg');
    for (const term of fc.sample(anyTerm(false), { numRuns: 300, seed: 6 })) {
      await say(term);
      await say(tuple(atom('discover'), term));
      await say(cast(tuple(atom('sync'), SCOPE, [tuple(term, [MEMBER]), term])));
      await say(tuple(atom('join'), SCOPE, term, term));
      await say(tuple(atom('join'), SCOPE, term, [MEMBER, term]));
      await say(tuple(atom('leave'), SCOPE, [MEMBER, term], [term]));
    }
    expect(a.actor('groups pg').serial).toBe(serial);
    await say(tuple(atom('join'), SCOPE, atom('g'), MEMBER));
    expect(a.groups.getMembers('g')).toHaveLength(1);
    all.cut(A, '1@raw');
    await all.clock.settle();
    expect(a.groups.whichGroups()).toEqual([]);
  });

  test('and offers too much has no members at all, until its scope is another one', async () => {
    const { a, say } = await lied({ maxNodeMemberships: 3 });
    await say(cast(tuple(atom('sync'), SCOPE, [tuple(atom('g'), [MEMBER, MEMBER])])));
    await say(tuple(atom('join'), SCOPE, atom('g'), [MEMBER]));
    expect(a.groups.getMembers('g')).toHaveLength(3);
    await say(tuple(atom('join'), SCOPE, atom('h'), [MEMBER]));
    expect(a.groups.whichGroups()).toEqual([]);
    await say(cast(tuple(atom('sync'), SCOPE, [tuple(atom('g'), [MEMBER])])));
    expect(a.groups.whichGroups()).toEqual([]);
    const again = new PidTerm('1@raw', 9, 0, 7);
    await say(cast(tuple(atom('sync'), again, [tuple(atom('g'), [MEMBER])])));
    expect(a.groups.getMembers('g')).toHaveLength(1);
    await say(cast(tuple(atom('sync'), again, [tuple(atom('g'), Array(4).fill(MEMBER))])));
    expect(a.groups.whichGroups()).toEqual([]);
  });

  test('cannot end, link or stop the process of the scope', async () => {
    const all = nodes();
    const a = await sharing(all, A);
    let scope: Pid | undefined;
    const raw = await rawNodeOf(all, (_control, message) => {
      scope ??= (message as Tuple).elements[1] as Pid;
    });
    expect(scope).toBeInstanceOf(PidTerm);
    const { serial } = a.actor('groups pg');
    raw.send(packetOf(tuple(OP.exit2, SCOPE, scope, atom('kill'))));
    raw.send(packetOf(tuple(OP.link, SCOPE, scope)));
    raw.send(packetOf(tuple(OP.exit, SCOPE, scope, atom('kill'))));
    raw.send(regSend('pg', tuple(atom('system'), tuple(SCOPE, 1), tuple(atom('terminate'), atom('now')))));
    await all.clock.settle();
    expect(a.actor('groups pg').serial).toBe(serial);
    expect(a.dist.nodes()).toEqual(['1@raw']);
    expect(a.runtime.send(new RemoteName('1@raw', 'any'), 1)).toBe(true);
  });
});
