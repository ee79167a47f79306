/** Stock Erlang nodes that can reach each other through a relay only (SPEC §11, DIST §8). */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { labeled } from '../dist/dist-world.ts';
import { freshName, Network, SOON, type BridgedNode, type Relay } from './bridged.ts';

/** A cut between two is no reason for a third one to leave either (`global`, since OTP 25). */
const ALONE = ['-kernel', 'prevent_overlapping_partitions', 'false'];

const network = new Network();
afterAll(() => network.close());

let relay: Relay;
let a: BridgedNode;
let b: BridgedNode;

async function apart(): Promise<void> {
  await a.eval(`erlang:disconnect_node('${b.name}')`);
  await expect.poll(() => Promise.all([a.nodes(), b.nodes()]), SOON).toEqual([[], []]);
  await expect.poll(() => relay.relay.status().tunnels, SOON).toBe(0);
}

beforeAll(async () => {
  relay = await network.relay();
  [a, b] = (await network.nodes(2, relay.url)) as [BridgedNode, BridgedNode];
});

describe('two nodes', () => {
  test('ping each other, whoever begins, over one tunnel that ends with their connection', async () => {
    for (const [one, other] of [
      [a, b],
      [b, a],
    ] as const) {
      expect(await one.ping(other)).toBe(true);
      expect(relay.relay.status().tunnels).toBe(1);
      expect(await other.nodes()).toEqual([one.name]);
      await apart();
    }
  });

  test('dial each other at once, again and again: both hear pong, and one connection is left', async () => {
    for (let round = 0; round < 10; round++) {
      expect(await Promise.all([a.ping(b), b.ping(a)])).toEqual([true, true]);
      expect(await Promise.all([a.nodes(), b.nodes()])).toEqual([[b.name], [a.name]]);
      expect(await a.eval(`erpc:call('${b.name}', erlang, '+', [${round}, 1])`)).toBe(round + 1);
      await expect.poll(() => relay.relay.status().tunnels, SOON).toBe(1);
      await apart();
    }
  });

  test('call functions of each other with rpc and erpc, and hear how they fail', async () => {
    expect(await a.eval(`rpc:call('${b.name}', erlang, node, [])`)).toEqual(atom(b.name));
    expect(await b.eval(`erpc:call('${a.name}', fun() -> node() end)`)).toEqual(atom(a.name));
    expect(await a.eval(`rpc:call('${b.name}', lists, nothing, [])`)).toMatchObject({
      elements: [atom('badrpc'), { elements: [atom('EXIT'), expect.anything()] }],
    });
    const failing = `try erpc:call('${a.name}', erlang, exit, [why]) catch C:R -> {C, R} end`;
    expect(await b.eval(failing)).toEqual(tuple(atom('exit'), tuple(atom('exception'), atom('why'))));
  });

  test('spawn on each other: links and monitors tell how a process ended, and that its node did', async () => {
    const spawned = (end: string): string => `process_flag(trap_exit, true),
      Wait = fun() -> receive stop -> exit(enough) end end,
      Linked = spawn_link('${b.name}', Wait),
      {Watched, Ref} = spawn_monitor('${b.name}', Wait),
      ['${b.name}', '${b.name}'] = [node(Linked), node(Watched)],
      ${end},
      Got = {receive {'EXIT', Linked, Why} -> Why after 20000 -> late end,
             receive {'DOWN', Ref, process, Watched, How} -> How after 20000 -> late end},
      process_flag(trap_exit, false), Got`;
    expect(await a.eval(spawned('Linked ! stop, Watched ! stop'))).toEqual(
      tuple(atom('enough'), atom('enough')),
    );
    expect(await a.eval(spawned(`erlang:disconnect_node('${b.name}')`))).toEqual(
      tuple(atom('noconnection'), atom('noconnection')),
    );
  });

  test('share process groups', async () => {
    for (const node of [a, b]) await node.eval('{ok, _} = pg:start(pg), ok');
    expect(await a.ping(b)).toBe(true);
    const join = 'P = spawn(fun() -> receive stop -> ok end end), ok = pg:join(group, P)';
    await Promise.all([a.eval(join), b.eval(join)]);
    const counts = (): Promise<readonly unknown[]> =>
      Promise.all([a, b].map((node) => node.eval('length(pg:get_members(group))')));
    await expect.poll(counts, SOON).toEqual([2, 2]);
    await apart();
    await expect.poll(counts, SOON).toEqual([1, 1]);
    expect(await b.ping(a)).toBe(true);
    await expect.poll(counts, SOON).toEqual([2, 2]);
    await a.eval('[P ! stop || P <- pg:get_members(group)], ok');
    await expect.poll(counts, SOON).toEqual([0, 0]);
  });

  test('send 64 MiB both ways at once, and each finds what the other has sent', async () => {
    const echoed = (other: BridgedNode, seed: number): string => `rand:seed(exsss, ${seed}),
      Bytes = binary:part(binary:copy(rand:bytes(1000003), 68), 0, 67108864),
      Hash = erlang:md5(Bytes),
      {There, Back} = erpc:call('${other.name}', fun() -> {erlang:md5(Bytes), Bytes} end, 60000),
      {byte_size(Back), Hash =:= There, Hash =:= erlang:md5(Back)}`;
    const both = [a.eval(echoed(b, 1)), b.eval(echoed(a, 2))];
    expect(await Promise.all(both)).toEqual([tuple(67_108_864, true, true), tuple(67_108_864, true, true)]);
  }, 120_000);

  test('send big and small messages at once: all arrive, in the order of each sender', async () => {
    await b.eval(`register(collector, spawn(fun() -> Loop = fun Loop(Big, Small) -> receive
        {big, N, Bytes} -> Loop([{N, byte_size(Bytes)} | Big], Small);
        {small, N} -> Loop(Big, [N | Small]);
        {report, From} -> From ! {lists:reverse(Big), lists:reverse(Small)}, Loop(Big, Small);
        {echo, From, N} -> From ! {echo, N}, Loop(Big, Small) end end, Loop([], []) end)), ok`);
    const sent = await a.eval(`To = {collector, '${b.name}'}, Self = self(),
      [spawn(fun() -> [To ! Make(N) || N <- lists:seq(1, Count)], Self ! done end) || {Count, Make} <-
        [{8, fun(N) -> {big, N, binary:copy(<<N>>, 4194304 + N)} end}, {5000, fun(N) -> {small, N} end}]],
      [begin To ! {echo, Self, N}, receive {echo, N} -> ok after 30000 -> exit(late) end end || N <- lists:seq(1, 200)],
      receive done -> ok end, receive done -> ok end,
      To ! {report, Self},
      receive {Big, Small} -> {Big =:= [{N, 4194304 + N} || N <- lists:seq(1, 8)], Small =:= lists:seq(1, 5000)}
      after 30000 -> late end`);
    expect(sent).toEqual(tuple(true, true));
  });
});

describe('who is not reached', () => {
  test('a node with another cookie: pang, both ways, and the others stay connected', async () => {
    const stranger = await network.node(relay.url, { cookie: 'another' });
    expect(await a.ping(b)).toBe(true);
    expect([await stranger.ping(a), await a.ping(stranger)]).toEqual([false, false]);
    expect(await a.nodes()).toEqual([b.name]);
    await expect.poll(() => relay.relay.status().tunnels, SOON).toBe(1);
  });

  test('a node that no relay knows, and one that has not started: pang, though nobody is in a hurry, and why', async () => {
    const patient = await network.node(relay.url, { args: ['-kernel', 'net_setuptime', '120'] });
    const nobody = { name: freshName('nobody') };
    expect(await patient.ping(nobody)).toBe(false);
    expect(patient.failures).toEqual([expect.stringMatching(/^the relay does not know nobody/)]);
    const empty = await network.bridge(relay.url, freshName('empty'));
    expect(await patient.ping(empty.bridge)).toBe(false);
    expect(empty.failures).toEqual([`${patient.name} looks for it, and it is not registered`]);
    await patient.erl.kill();
  });

  test('a node that comes later is reached then', async () => {
    const late = { name: freshName('late') };
    expect(await a.ping(late)).toBe(false);
    const node = await network.node(relay.url, late);
    expect(await a.ping(late)).toBe(true);
    await node.erl.kill();
  });
});

describe('three nodes', () => {
  test('become a mesh, and names of global are known to all of them', async () => {
    const [one, two, three] = (await network.nodes(3, relay.url)) as [BridgedNode, BridgedNode, BridgedNode];
    expect(await one.ping(two)).toBe(true);
    expect(await two.ping(three)).toBe(true);
    await expect.poll(() => one.nodes(), SOON).toEqual([two.name, three.name].toSorted());
    await expect.poll(() => three.nodes(), SOON).toEqual([one.name, two.name].toSorted());
    const all = [one, two, three];
    for (const node of all) expect(await node.eval('global:sync()')).toEqual(atom('ok'));
    const registered = `global:register_name(lattice, spawn(fun() -> receive stop -> ok end end))`;
    expect(await one.eval(registered)).toEqual(atom('yes'));
    for (const node of all)
      expect(await node.eval('node(global:whereis_name(lattice))')).toEqual(atom(one.name));
    await one.erl.kill();
    const found = (): Promise<unknown> =>
      Promise.all([two, three].map((node) => node.eval('global:whereis_name(lattice)')));
    await expect.poll(found, SOON).toEqual([undefined, undefined]);
    expect(await two.nodes()).toEqual([three.name]);
  });

  test.each([
    ['a tunnel of the relay', (one: string, two: string) => ['relay', `tunnel ${one} to ${two}`] as const],
    ['a direction of it', (one: string, two: string) => ['relay', `forwarder ${two} to ${one}`] as const],
    ['its end at who asked', (_one: string, two: string) => ['one', `tunnel to ${two}`] as const],
    ['its end at who was asked', (one: string) => ['two', `tunnel from ${one}`] as const],
  ])(
    '%s dies: its two ends hear of it at once, connect again, and the third hears nothing',
    async (_, where) => {
      const [one, two, three] = (await network.nodes(3, relay.url, { args: ALONE })) as [
        BridgedNode,
        BridgedNode,
        BridgedNode,
      ];
      const all = [one, two, three];
      expect([await one.ping(two), await one.ping(three), await two.ping(three)]).toEqual([true, true, true]);
      for (const node of all) await node.watch();
      const [at, label] = where(one.name, two.name);
      const { runtime } = { relay, one, two }[at];
      runtime.exit(labeled(runtime, label), 'kill');
      expect([await one.gone(two), await two.gone(one)]).toEqual(['connection_closed', 'connection_closed']);
      expect([await one.nodes(), await two.nodes()]).toEqual([[three.name], [three.name]]);
      expect(await Promise.all([one.ping(two), two.ping(one)])).toEqual([true, true]);
      expect(await three.eval(`receive {nodedown, N, _} -> N after 0 -> none end`)).toEqual(atom('none'));
      for (const { erl } of all) await erl.kill();
    },
  );
});
