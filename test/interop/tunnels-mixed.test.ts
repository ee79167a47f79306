/** TypeScript nodes and stock Erlang nodes in one cluster through a relay, and what the relay sees of it. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Pid } from '../../src/actor/pid.ts';
import { atom } from '../../src/codec/etf/atom.ts';
import type { DistRelayClient } from '../../src/dist/relay/client/relay-client.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { ProcessGroups } from '../../src/otp/process-groups.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { COOKIE, Network, SOON, type BridgedNode, type Relay, type TsNode } from './bridged.ts';
import { Inbox } from './inbox.ts';
import { Recorder } from './recording.ts';

const network = new Network();
afterAll(() => network.close());

let relay: Relay;
let groups: ProcessGroups<unknown>;
let ts: TsNode;
let erl: BridgedNode;

beforeAll(async () => {
  relay = await network.relay();
  groups = new ProcessGroups<unknown>();
  ts = await network.ts(relay.url, { groups: { pg: groups } });
  erl = await network.node(relay.url, { bridge: { secret: COOKIE } });
  await erl.eval('{ok, _} = pg:start(pg), ok');
});

const echo: GenServer<undefined, null> = {
  init: () => null,
  handleRequest: (term, state) => reply(term, state),
};

/** A process that keeps what it gets, the ends of what it watches included. */
async function watcher(
  { runtime }: TsNode,
  watched?: Pid,
): Promise<{ readonly pid: Pid; readonly inbox: Inbox }> {
  const inbox = new Inbox();
  const server: GenServer<undefined, null> = {
    init: (_none, self) => {
      if (watched !== undefined) self.monitor(watched);
      return null;
    },
    handleInfo: (message, state) => {
      inbox.add(message);
      return noReply(state);
    },
  };
  const { pid } = await startServer(runtime, server, undefined);
  return { pid: pid as Pid, inbox };
}

describe('a TypeScript node and an Erlang node behind a bridge', () => {
  test('ping each other, whoever begins', async () => {
    expect(await ts.dist.ping(erl.name)).toBe(true);
    expect(await erl.nodes()).toEqual([ts.name]);
    await ts.dist.disconnect(erl.name);
    await expect.poll(() => erl.nodes(), SOON).toEqual([]);
    expect(await erl.ping(ts)).toBe(true);
    expect(ts.dist.nodes()).toEqual([erl.name]);
  });

  test('call servers of each other', async () => {
    await startServer(ts.runtime, echo, undefined, { name: 'echo', scope: ts.dist.names });
    expect(await erl.eval(`gen_server:call({echo, '${ts.name}'}, {a, "b", <<"c">>, #{d => 1.5}})`)).toEqual(
      await erl.eval('{a, "b", <<"c">>, #{d => 1.5}}'),
    );
    await erl.eval(`register(doubler, spawn(fun() -> Loop = fun Loop() -> receive
      {'$gen_call', From, N} -> gen_server:reply(From, 2 * N), Loop() end end, Loop() end)), ok`);
    expect(await ts.dist.call('doubler', erl.name, 21)).toBe(42);
    expect(await ts.dist.erpc(erl.name, 'erlang', 'node', [])).toEqual(atom(erl.name));
  });

  test('hear when a process of the other one ends, and when the other one is gone', async () => {
    const theirs = (await ts.dist.spawn(erl.name, 'timer', 'sleep', [atom('infinity')])) as Pid;
    const first = await watcher(ts, theirs);
    await ts.dist.erpc(erl.name, 'erlang', 'exit', [theirs, atom('enough')]);
    expect(await first.inbox.next()).toMatchObject({ reason: 'enough' });
    const doubler = (await ts.dist.erpc(erl.name, 'erlang', 'whereis', [atom('doubler')])) as Pid;
    const second = await watcher(ts, doubler);
    await erl.eval(`put(ref, monitor(process, {echo, '${ts.name}'})), ok`);
    ts.changes.length = 0;
    await erl.eval(`erlang:disconnect_node('${ts.name}')`);
    expect(await second.inbox.next()).toMatchObject({ reason: 'noconnection' });
    expect(await erl.eval(`receive {'DOWN', _, _, _, Why} -> Why after 20000 -> late end`)).toEqual(
      atom('noconnection'),
    );
    await expect.poll(() => ts.changes, SOON).toEqual([`nodedown ${erl.name}`]);
    expect(await ts.dist.call('doubler', erl.name, 4)).toBe(8);
  });

  test('share a process group', async () => {
    const { pid, inbox } = await watcher(ts);
    groups.join('mixed', pid);
    await erl.eval('ok = pg:join(mixed, spawn(fun() -> receive stop -> ok end end))');
    await expect.poll(() => groups.getMembers('mixed').length, SOON).toBe(2);
    await expect.poll(() => erl.eval('length(pg:get_members(mixed))'), SOON).toBe(2);
    await erl.eval('[P ! stop || P <- pg:get_members(mixed)], ok');
    expect(await inbox.next()).toEqual(atom('stop'));
    await expect.poll(() => groups.getMembers('mixed'), SOON).toEqual([pid]);
    groups.leave('mixed', pid);
    await expect.poll(() => erl.eval('pg:get_members(mixed)'), SOON).toEqual([]);
  });

  test('are a cluster with others of either kind', async () => {
    const [other, second] = await Promise.all([
      network.ts(relay.url),
      network.node(relay.url, { bridge: { secret: COOKIE } }),
    ]);
    await startServer(other.runtime, echo, undefined, { name: 'echo', scope: other.dist.names });
    expect(await ts.dist.ping(other.name)).toBe(true);
    expect(await ts.dist.call('echo', other.name, 'between two of ours')).toBe('between two of ours');
    expect(await second.ping(erl)).toBe(true);
    for (const node of [erl, second])
      expect(await node.eval(`gen_server:call({echo, '${other.name}'}, 7)`)).toBe(7);
    expect(other.dist.nodes().toSorted()).toEqual([erl.name, second.name, ts.name].toSorted());
    await other.dist.close();
    await expect.poll(() => erl.nodes(), SOON).toEqual([second.name, ts.name].toSorted());
    await second.erl.kill();
    await expect.poll(() => erl.nodes(), SOON).toEqual([ts.name]);
  });
});

test('a relay ends under a TypeScript node and an Erlang node: each hears of it once, and they go on through another', async () => {
  const [first, second] = [await network.relay(), await network.relay()];
  const urls = [first.url, second.url];
  const ours = await network.ts(urls);
  const theirs = await network.node(urls, { bridge: { secret: COOKIE } });
  for (const { relay: at } of [first, second])
    await expect.poll(() => at.status().clients, SOON).toHaveLength(2);
  expect(await theirs.ping(ours)).toBe(true);
  expect(first.relay.status().tunnels).toBe(1);
  await theirs.eval('net_kernel:monitor_nodes(true, [{node_type, all}, nodedown_reason])');
  await first.relay.close();
  expect(await theirs.gone(ours)).toBe('connection_closed');
  await expect.poll(() => ours.changes, SOON).toEqual([`nodeup ${theirs.name}`, `nodedown ${theirs.name}`]);
  expect(await ours.dist.erpc(theirs.name, 'erlang', 'node', [])).toEqual(atom(theirs.name));
  expect(await theirs.nodes()).toEqual([ours.name]);
  expect(second.relay.status().tunnels).toBe(1);
  expect(await theirs.eval(`receive {nodedown, N, _} -> N after 0 -> none end`)).toEqual(atom('none'));
  await ours.dist.close();
  await theirs.erl.kill();
});

describe('two TypeScript nodes', () => {
  test('send megabytes both ways, know the key of each other, and are told once when one is gone', async () => {
    const [one, two] = await Promise.all([network.ts(relay.url), network.ts(relay.url)]);
    for (const { runtime, dist } of [one, two])
      await startServer(runtime, echo, undefined, { name: 'echo', scope: dist.names });
    const bytes = Buffer.alloc(8_000_000, 'a lattice');
    const both = await Promise.all([
      one.dist.call('echo', two.name, bytes, { timeout: 30_000 }),
      two.dist.call('echo', one.name, bytes, { timeout: 30_000 }),
    ]);
    for (const back of both) expect(bytes.equals(back as Uint8Array)).toBe(true);
    expect([one.dist.nodes(), two.dist.nodes()]).toEqual([[two.name], [one.name]]);
    await two.dist.close();
    await expect.poll(() => one.changes, SOON).toEqual([`nodeup ${two.name}`, `nodedown ${two.name}`]);
    expect(await one.dist.ping(two.name)).toBe(false);
  });
});

describe('what is proven inside a tunnel', () => {
  test.each([
    ['a bridge that was told no cookie', {}, 'the other end asks for a secret, and we have none'],
    ['a bridge that was told another one', { secret: 'another' }, 'the other end does not know the secret'],
  ])('%s is refused, both ends say why, and neither node reaches the other', async (_, bridge, why) => {
    const outside = await network.node(relay.url, { bridge });
    const client = ts.carrier.client as DistRelayClient;
    await expect(client.requestTunnel(outside.name)).rejects.toMatchObject({ failure: 'unproven' });
    expect(await ts.dist.ping(outside.name)).toBe(false);
    ts.refusals.length = 0;
    expect(await outside.ping(ts)).toBe(false);
    await expect.poll(() => ts.refusals, SOON).toEqual(['unproven']);
    expect(outside.failures).toEqual([why]);
    expect(await ts.dist.ping(erl.name)).toBe(true);
    await outside.erl.kill();
  });

  test('a bridge that does not encrypt is refused', async () => {
    const outside = await network.node(relay.url, { bridge: { encryption: false } });
    ts.refusals.length = 0;
    expect(await outside.ping(ts)).toBe(false);
    expect(ts.refusals).toEqual(['not_encrypted']);
    expect(await ts.dist.ping(erl.name)).toBe(true);
    await outside.erl.kill();
  });
});

describe('what a relay can read', () => {
  const MARKER = 'what only the two ends may know';
  const SIZE = 67_108_864;

  test.each([
    ['nothing of 64 MiB between two bridges', true],
    ['all of it where encryption is off', false],
  ])('%s', async (_, encryption) => {
    const recorder = new Recorder(MARKER);
    const { url } = await network.relay({ transport: recorder.transport() });
    const nodes = (await network.nodes(2, url, { bridge: { encryption } })) as [BridgedNode, BridgedNode];
    const [a, b] = nodes;
    const times = Math.floor(SIZE / MARKER.length);
    const sent = await a.eval(`Bytes = binary:copy(<<"${MARKER}">>, ${times}),
      Hash = erlang:md5(Bytes), Hash =:= erpc:call('${b.name}', erlang, md5, [Bytes], 60000)`);
    expect(sent).toBe(true);
    // encrypted it goes in datagrams of the two ends
    expect(encryption ? recorder.datagramBytes : recorder.bytes).toBeGreaterThan(times * MARKER.length);
    expect(recorder.found).toBe(encryption ? 0 : times);
    for (const { erl: node } of nodes) await node.kill();
  });
});
