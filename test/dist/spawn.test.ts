/** Spawns, and the answers of a node that says what a test wants. What Erlang says is in test/interop. */
import { describe, expect, test } from 'vitest';
import { Down, Exit } from '../../src/actor/monitor.ts';
import { RemoteName, type Pid } from '../../src/actor/pid.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import { PidTerm } from '../../src/codec/etf/identities.ts';
import { tuple, type Tuple } from '../../src/codec/etf/terms.ts';
import type { ErpcError } from '../../src/dist/erpc.ts';
import { MAX_SPAWNS, Spawns, type Spawning } from '../../src/dist/peer/spawn-table.ts';
import { OP } from '../../src/dist/protocol/control.ts';
import { FLAG, OURS } from '../../src/dist/protocol/flags.ts';
import { failure, reasonOf, recorder, spawn } from '../actor/world.ts';
import { nodes, type MemoryNode, type Nodes } from './pair.ts';
import { packetOf, rawPid, reading } from './raw-packets.ts';
import { rawThrough, type RawNode } from './raw-node.ts';

const A = 'a@127.0.0.1';
const RAW = '1@raw';

interface Stage {
  readonly all: Nodes;
  readonly a: MemoryNode;
  readonly raw: RawNode;
  /** Controls and messages that the raw node got. */
  readonly heard: [control: Tuple, message: unknown][];
  /** Answers the last request. */
  reply(flags: number, result: unknown): Promise<void>;
}

async function staged(flags: bigint = OURS): Promise<Stage> {
  const all = nodes();
  const a = await all.node(A);
  const heard: [Tuple, unknown][] = [];
  const carrier = all.carrier(RAW);
  const onPacket = reading((control, message) => heard.push([control, message]));
  const raw = await all.settle(rawThrough(carrier, A, 'secret', { flags, onPacket }));
  await all.clock.settle();
  return {
    all,
    a,
    raw,
    heard,
    reply: async (said, result) => {
      const [control] = heard.findLast(([{ elements }]) => elements[0] === OP.spawnRequest) ?? [];
      raw.send(packetOf(tuple(OP.spawnReply, control?.elements[1], control?.elements[2], said, result)));
      await all.clock.settle();
    },
  };
}

const ops = ({ heard }: Stage): readonly unknown[] => heard.map(([{ elements }]) => elements[0]);

describe('spawn', () => {
  test('asks with a function, its arguments and what is to come with the process', async () => {
    const stage = await staged();
    const { all, a, heard } = stage;
    const self = recorder(a.runtime, { trapExit: true });
    const spawned = a.dist.spawnMonitor(self.pid, RAW, 'm', 'f', [1, 'x'], { link: true });
    await all.clock.settle();
    const [control, args] = heard[0] ?? [];
    expect(control?.elements.slice(4)).toEqual([
      tuple(atom('m'), atom('f'), 2),
      [atom('link'), atom('monitor')],
    ]);
    expect(args).toEqual([1, 'x']);
    await stage.reply(3, rawPid(5));
    const { pid, ref } = await spawned;
    expect(pid.node).toBe(RAW);
    const [, id, from] = control?.elements ?? [];
    stage.raw.send(packetOf(tuple(OP.payloadMonitorExit, rawPid(5), from, id), atom('over')));
    stage.raw.send(packetOf(tuple(OP.payloadExit, rawPid(5), from), atom('over')));
    await all.clock.settle();
    expect(self.inbox.map(({ message }) => message)).toEqual([
      new Down(ref, pid, 'over'),
      new Exit(pid, 'over'),
    ]);
  });

  test('takes a link and a monitor back as any other', async () => {
    const stage = await staged();
    const self = spawn(stage.a.runtime);
    const spawned = stage.a.dist.spawnMonitor(self, RAW, 'm', 'f', [], { link: true });
    await stage.all.clock.settle();
    await stage.reply(3, rawPid(5));
    const { pid, ref } = await spawned;
    stage.heard.length = 0;
    self.demonitor(ref);
    self.unlink(pid);
    await stage.all.clock.settle();
    expect(ops(stage)).toEqual([OP.demonitor, OP.unlinkId]);
  });

  test('of a node that starts nothing for others is notsup, also for erpc', async () => {
    const { all, a, heard } = await staged(OURS & ~FLAG.spawn);
    expect(await all.settle(reasonOf(a.dist.spawn(RAW, 'm', 'f', [])))).toBe('notsup');
    const error = await all.settle(failure(a.dist.erpc(RAW, 'm', 'f', [])));
    expect((error as ErpcError).failure).toEqual({ tag: 'notsup' });
    expect(heard).toEqual([]);
  });

  test('is refused with the word of that node; a pid of another one is no answer', async () => {
    for (const [result, reason] of [
      [atom('undef'), 'undef'],
      [atom('system_limit'), 'system_limit'],
      [7, 'badreply'],
      [new PidTerm('other@raw', 5, 0, 7), 'badreply'],
    ] as const) {
      const stage = await staged();
      const refused = reasonOf(stage.a.dist.spawn(RAW, 'm', 'f', []));
      await stage.all.clock.settle();
      await stage.reply(0, result);
      expect(await refused).toBe(reason);
    }
  });

  test('that comes without the link that was asked for is given up', async () => {
    const stage = await staged();
    const self = spawn(stage.a.runtime);
    const refused = reasonOf(stage.a.dist.spawnMonitor(self, RAW, 'm', 'f', [], { link: true }));
    await stage.all.clock.settle();
    await stage.reply(2, rawPid(5));
    expect(await refused).toBe('badreply');
    expect([ops(stage), self.links]).toEqual([[OP.spawnRequest, OP.demonitor], null]);
  });

  test('that is answered too late is told to end when linked, and watched by nobody', async () => {
    for (const late of ['timeout', 'canceled', 'death'] as const) {
      const stage = await staged();
      const { all, a, heard } = stage;
      const self = recorder(a.runtime, { trapExit: true });
      const giveUp = new AbortController();
      const options = { link: true, timeout: 1_000, signal: giveUp.signal };
      const refused = reasonOf(a.dist.spawnMonitor(self.pid, RAW, 'm', 'f', [], options));
      await all.clock.settle();
      if (late === 'timeout') await all.clock.advance(1_000);
      if (late === 'canceled') giveUp.abort('enough');
      if (late === 'death') a.runtime.exit(self.pid, 'kill');
      await stage.reply(3, rawPid(5));
      expect(await refused).toEqual(
        { timeout: 'timeout', canceled: { canceled: 'enough' }, death: 'noproc' }[late],
      );
      const [request, demonitor, exit] = heard;
      expect(heard).toHaveLength(3);
      expect(demonitor?.[0].elements).toEqual([
        OP.demonitor,
        request?.[0].elements[2],
        rawPid(5),
        request?.[0].elements[1],
      ]);
      expect([exit?.[0].elements[0], exit?.[1]]).toEqual([OP.payloadExit, atom('abandoned')]);
      expect([self.inbox, self.pid.links]).toEqual([[], null]);
    }
  });

  test('that is not answered ends with the connection', async () => {
    const { all, a } = await staged();
    const refused = reasonOf(a.dist.spawn(RAW, 'm', 'f', [], { timeout: Infinity }));
    await all.clock.settle();
    all.cut(A, RAW);
    expect(await all.settle(refused)).toBe('noconnection');
  });

  test('answers to nothing are passed over', async () => {
    const stage = await staged();
    const spawned = stage.a.dist.spawn(RAW, 'm', 'f', []);
    await stage.all.clock.settle();
    await stage.reply(0, rawPid(5));
    await spawned;
    stage.heard.splice(1);
    await stage.reply(3, rawPid(6));
    expect([ops(stage), stage.a.dist.nodes()]).toEqual([[OP.spawnRequest], [RAW]]);
  });

  test('has room for so many without an answer', () => {
    const spawns = new Spawns();
    for (let serial = 1; serial <= MAX_SPAWNS; serial++) {
      expect(spawns.room).toBe(true);
      spawns.add(serial, {} as Spawning);
    }
    expect(spawns.room).toBe(false);
    spawns.take(7);
    expect(spawns.room).toBe(true);
    expect(spawns.drain()).toHaveLength(MAX_SPAWNS - 1);
    expect(spawns.size).toBe(0);
  });
});

describe('erpc', () => {
  test('ends with the reason of the process there, whatever that is', async () => {
    const cases: [(id: unknown) => unknown, unknown][] = [
      [(id) => tuple(id, atom('return'), 7), 7],
      [() => atom('killed'), { tag: 'signal', reason: 'killed' }],
      [() => atom('noconnection'), { tag: 'noconnection' }],
      [(id) => tuple(id, atom('what'), 7), { tag: 'signal' }],
      [() => tuple(rawPid(1), atom('return'), 7), { tag: 'signal' }],
      [(id) => tuple(id, atom('throw'), 7), { tag: 'exception', class: 'throw', reason: 7 }],
    ];
    for (const [reason, expected] of cases) {
      const stage = await staged();
      const answer = stage.a.dist
        .erpc(RAW, 'm', 'f', [1])
        .catch((error: unknown) => (error as ErpcError).failure);
      await stage.all.clock.settle();
      const [control, args] = stage.heard[0] ?? [];
      const [, id, from] = control?.elements ?? [];
      expect(args).toEqual([id, atom('m'), atom('f'), [1]]);
      await stage.reply(2, rawPid(5));
      stage.raw.send(packetOf(tuple(OP.payloadMonitorExit, rawPid(5), from, id), reason(id)));
      expect(await stage.all.settle(answer)).toEqual(
        typeof expected === 'object' ? expect.objectContaining(expected as object) : expected,
      );
    }
  });

  test('that is given up takes its monitor back, before and after the process is there', async () => {
    for (const before of [true, false]) {
      const stage = await staged();
      const failed = failure(stage.a.dist.erpc(RAW, 'm', 'f', [], { timeout: 1_000 }));
      await stage.all.clock.settle();
      if (!before) await stage.reply(2, rawPid(5));
      await stage.all.clock.advance(1_000);
      if (before) await stage.reply(2, rawPid(5));
      expect(((await failed) as ErpcError).failure).toEqual({ tag: 'timeout' });
      expect(ops(stage)).toEqual([OP.spawnRequest, OP.demonitor]);
    }
  });
});

describe('signals that wait for a connection', () => {
  test('and are taken back meanwhile are not sent', async () => {
    const [all, name] = [nodes(), 'z@raw'];
    const a = await all.node(A);
    const heard: unknown[] = [];
    const connect = (): Promise<RawNode> =>
      all.settle(
        rawThrough(all.carrier(name), A, 'secret', {
          name,
          onPacket: reading(({ elements }) => heard.push(elements[0])),
        }),
      );
    const got = recorder(a.runtime);
    a.dist.names.register('got', got.pid);
    const theirs = new PidTerm(name, 5, 0, 7);
    (await connect()).send(packetOf(tuple(OP.regSend, theirs, atom(''), atom('got')), theirs));
    await all.clock.settle();
    const pid = got.inbox[0]?.message as Pid;
    all.cut(A, name);
    await all.clock.settle();
    // whoever is dialed there says nothing, and then dials itself
    all.net.listening.set(name, () => {});
    const self = spawn(a.runtime);
    self.link(pid);
    self.unlink(pid);
    self.demonitor(self.monitor(pid));
    self.demonitor(self.monitor(new RemoteName(name, 'any')));
    self.send(pid, 'sent');
    await connect();
    await all.clock.settle();
    expect([a.dist.nodes(), heard]).toEqual([[name], [OP.send]]);
  });
});
