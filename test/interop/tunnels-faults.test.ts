/** Stock Erlang nodes behind bridges, and what happens when something on the way hangs, dies, or comes back. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { labeled } from '../dist/dist-world.ts';
import { espalier, FILE_LIMIT, type Child } from '../cli/process.ts';
import { freshName, Network, Node, SOON, type BridgedNode, type RelayProcess } from './bridged.ts';

/** Seconds; a node that says nothing is gone a quarter of it earlier or later. */
const TICKS = ['-kernel', 'net_ticktime', '4', 'net_tickintensity', '4'];

let network: Network;
beforeEach(() => {
  network = new Network();
});
afterEach(() => network.close());

/** Two nodes that are connected, and the relay's process. */
async function pair(
  options: Parameters<Network['node']>[1] = {},
): Promise<{ readonly a: BridgedNode; readonly b: BridgedNode; readonly relay: RelayProcess }> {
  const relay = await network.relayProcess();
  const [a, b] = (await network.nodes(2, relay.url, options)) as [BridgedNode, BridgedNode];
  expect(await a.ping(b)).toBe(true);
  for (const node of [a, b]) await node.watch();
  return { a, b, relay };
}

const pongs = (one: Node, other: { readonly name: string }): Promise<void> =>
  expect.poll(() => one.ping(other), SOON).toBe(true);

/** So many bytes there and back, compared by their hashes. */
const echoed = (other: Node, bytes: number): string => `Bytes = binary:copy(rand:bytes(${bytes / 64}), 64),
  Back = erpc:call('${other.name}', erlang, hd, [[Bytes]], 60000),
  {byte_size(Back), erlang:md5(Bytes) =:= erlang:md5(Back)}`;

/** Counts what comes. */
const SINK = `register(sink, spawn(fun() -> Loop = fun Loop(N) -> receive
  {count, From} -> From ! {count, N}, Loop(N);
  Bytes when is_binary(Bytes) -> Loop(N + 1) end end, Loop(0) end)), ok`;
const sunk = (node: Node): Promise<unknown> =>
  node.eval('sink ! {count, self()}, receive {count, N} -> N end');

/** Begins to send megabytes to the sink of the other node, until that is out of reach. */
const flood = (other: Node): string => `Self = self(), spawn(fun() ->
  Ref = monitor(process, {sink, '${other.name}'}), Bytes = binary:copy(<<1>>, 1048576),
  Loop = fun Loop() -> {sink, '${other.name}'} ! Bytes,
    receive {'DOWN', Ref, _, _, Why} -> Self ! {flooded, Why} after 0 -> Loop() end end, Loop() end), ok`;
/** Why it has ended, waited for. */
const flooded = (node: Node): Promise<unknown> =>
  node.eval('receive {flooded, Why} -> Why after 30000 -> late end');

describe('silence', () => {
  test('nobody says anything for many ticks: nobody goes', async () => {
    const { a, b } = await pair({ args: ['-kernel', 'net_ticktime', '2', 'net_tickintensity', '4'] });
    // nothing of this goes through the tunnel
    await a.eval('timer:sleep(8000)');
    const heard = 'receive {nodedown, N, _} -> N after 0 -> none end';
    expect([await a.eval(heard), await b.eval(heard)]).toEqual([atom('none'), atom('none')]);
    expect([await a.nodes(), await b.nodes()]).toEqual([[b.name], [a.name]]);
  });

  test('the relay hangs, and nobody but Erlang looks: its ticks end the connection, and it comes back when the relay does', async () => {
    const { a, b, relay } = await pair({ args: TICKS, bridge: { probe: 60_000 } });
    relay.child.process.kill('SIGSTOP');
    const reasons = await Promise.all([a.gone(b), b.gone(a)]);
    expect(new Set(reasons)).toEqual(new Set(['net_tick_timeout']));
    relay.child.process.kill('SIGCONT');
    await pongs(a, b);
    expect(await b.eval(echoed(a, 67_108_864))).toEqual(tuple(67_108_864, true));
  });

  test('the relay hangs: bridges notice long before the ticks, and find it again when it goes on', async () => {
    const { a, b, relay } = await pair();
    relay.child.process.kill('SIGSTOP');
    expect(await Promise.all([a.gone(b), b.gone(a)])).toEqual(['connection_closed', 'connection_closed']);
    expect(a.bridge.status()).toMatchObject({ identified: false, registered: true });
    relay.child.process.kill('SIGCONT');
    await pongs(b, a);
    expect(await a.eval(echoed(b, 67_108_864))).toEqual(tuple(67_108_864, true));
  });
});

describe('something dies while megabytes are on their way', () => {
  test('the relay: both ends hear of it, and find each other when it is back at its port', async () => {
    const { a, b, relay } = await pair();
    for (const node of [a, b]) await node.eval(SINK);
    await Promise.all([a.eval(flood(b)), b.eval(flood(a))]);
    for (const node of [a, b]) await expect.poll(() => sunk(node), SOON).toBeGreaterThan(4);
    await relay.child.end('SIGKILL');
    expect([await a.gone(b), await b.gone(a)]).toEqual(['connection_closed', 'connection_closed']);
    expect([await flooded(a), await flooded(b)]).toEqual([atom('noconnection'), atom('noconnection')]);
    await network.relayProcess(relay.url.replace('quic://', ''));
    await pongs(a, b);
    expect(await b.eval(echoed(a, 1_048_576))).toEqual(tuple(1_048_576, true));
  });

  test('the relay in use of two: the other one is used, by both, and nobody goes back in a hurry', async () => {
    const [first, second] = [await network.relayProcess(), await network.relayProcess()];
    const urls = [first.url, second.url];
    const [a, b] = (await network.nodes(2, urls)) as [BridgedNode, BridgedNode];
    for (const { bridge } of [a, b])
      await expect.poll(() => bridge.status().relays.map(({ state }) => state), SOON).toEqual(IDENTIFIED);
    for (const node of [a, b]) await node.eval(SINK);
    expect(await a.ping(b)).toBe(true);
    expect(a.bridge.status().activeRelay).toBe(first.url);
    for (const node of [a, b]) await node.watch();
    await Promise.all([a.eval(flood(b)), b.eval(flood(a))]);
    for (const node of [a, b]) await expect.poll(() => sunk(node), SOON).toBeGreaterThan(4);
    await first.child.end('SIGKILL');
    // whoever notices later may be told by the other one, who is at the second relay with more megabytes already
    for (const reason of [await a.gone(b), await b.gone(a)])
      expect(['connection_closed', 'wait_pending']).toContain(reason);
    expect([await flooded(a), await flooded(b)]).toEqual([atom('noconnection'), atom('noconnection')]);
    expect(await a.ping(b)).toBe(true);
    expect(a.bridge.status().activeRelay).toBe(second.url);
    await network.relayProcess(first.url.replace('quic://', ''));
    for (const { bridge } of [a, b])
      await expect.poll(() => bridge.status().relays.map(({ state }) => state), SOON).toEqual(IDENTIFIED);
    expect(a.bridge.status().activeRelay).toBe(second.url);
    expect(await b.eval(echoed(a, 1_048_576))).toEqual(tuple(1_048_576, true));
  });
});

describe('one end', () => {
  test('a bridge is killed and started again: its node registers by itself, and is reached', async () => {
    const relay = await network.relayProcess();
    const name = freshName('bridged');
    const bridge = await bridgeProcess(relay.url, name, 0);
    const node = new Node(name, bridge.epmdPort);
    network.owns(() => node.erl.kill());
    const other = await network.node(relay.url);
    // the command says that it is ready before the relay knows its node
    await pongs(other, node);
    for (const one of [node, other]) await one.watch();
    await bridge.child.end('SIGKILL');
    expect(await node.gone(other)).toBe('connection_closed');
    // the relay keeps the name for a while, for the key that is gone; then Erlang has to register, as it does every two seconds
    const again = await bridgeProcess(relay.url, name, bridge.epmdPort);
    expect(await other.gone(node)).toBe('connection_closed');
    await pongs(other, node);
    await pongs(node, other);
    expect((await again.child.end()).code).toBe(0);
  });

  test('a node is killed and started again behind its bridge: it is gone for the others, and is reached again', async () => {
    const { a, b } = await pair();
    await b.erl.kill();
    expect(await a.gone(b)).toBe('connection_closed');
    await expect.poll(() => b.bridge.status().registered, SOON).toBe(false);
    expect(await a.ping(b)).toBe(false);
    const again = await network.behind(b);
    expect(await a.ping(again)).toBe(true);
    expect(await again.nodes()).toEqual([a.name]);
  });

  test.each(['relayClient', 'endpoint', 'epmd', 'doors'])(
    'the part of a bridge that is called %s is killed: it is there again, and so are the nodes',
    async (part) => {
      const { a, b } = await pair();
      a.runtime.exit(labeled(a.runtime, part), 'kill');
      await pongs(a, b);
      await pongs(b, a);
      expect(a.bridge.status()).toMatchObject({ identified: true });
      await expect.poll(() => a.bridge.status().registered, SOON).toBe(true);
    },
  );
});

const IDENTIFIED = ['identified', 'identified'];

/** The command, compiled: a bridge that can be killed. */
async function bridgeProcess(
  relay: string,
  name: string,
  epmdPort: number,
): Promise<{ readonly child: Child; readonly epmdPort: number }> {
  const args = ['dist', 'bridge', '--relay', relay, '--name', name, '--epmd-port', String(epmdPort)];
  const child = espalier([...args, '--json'], { limit: FILE_LIMIT });
  network.owns(() => child.end('SIGKILL'));
  const ready = await child.json<{ readonly epmdPort: number }>();
  return { child, epmdPort: ready.epmdPort };
}
