import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { atom } from '../../src/codec/etf/atom.ts';
import { tuple } from '../../src/codec/etf/terms.ts';
import { TcpCarrier } from '../../src/dist/carriers/tcp/tcp.ts';
import type { Pid } from '../../src/actor/pid.ts';
import { startServer, type GenServer } from '../../src/otp/gen-server.ts';
import { noReply, reply } from '../../src/otp/result.ts';
import { Between } from './between.ts';
import { erlNode, tsNode } from './dist-pair.ts';
import { Inbox } from './inbox.ts';

const echo = { init: () => null, handleRequest: (term: unknown, state: null) => reply(term, state) };

describe('who may connect', () => {
  test('a wrong cookie is pang, both ways, and harms nobody', async () => {
    const ts = await tsNode();
    const stranger = await erlNode('another');
    const friend = await erlNode();
    expect(await stranger.erl.eval(`net_adm:ping('${ts.dist.name}')`)).toBe(atom('pang'));
    expect(await ts.dist.ping(stranger.name)).toBe(false);
    expect(await friend.erl.eval(`net_adm:ping('${ts.dist.name}')`)).toBe(atom('pong'));
    expect(ts.dist.nodes()).toEqual([friend.name]);
  });

  test('who is not allowed is refused, and not dialed', async () => {
    const ts = await tsNode({ allowed: ['nobody@127.0.0.1'] });
    const erl = await erlNode();
    expect(await erl.erl.eval(`net_adm:ping('${ts.dist.name}')`)).toBe(atom('pang'));
    expect(await ts.dist.ping(erl.name)).toBe(false);
  });

  test('bytes that are no handshake end their own connection only', async () => {
    const carrier = new TcpCarrier();
    const ts = await tsNode({ carriers: [carrier] });
    const { host, port } = carrier.address() as { host: string; port: number };
    const closed = (bytes: Uint8Array): Promise<void> =>
      new Promise((resolve) => {
        const socket = connect(port, host, () => socket.write(bytes));
        socket.on('data', () => {});
        socket.on('error', () => {});
        socket.on('close', () => resolve());
      });
    await closed(Buffer.from('GET / HTTP/1.1\r\n\r\n'.repeat(2_000)));
    await closed(Buffer.from([0, 3, 0x6e, 0, 5]));
    await closed(Buffer.from([0, 0]));
    const erl = await erlNode();
    expect(await erl.erl.eval(`net_adm:ping('${ts.dist.name}')`)).toBe(atom('pong'));
  });
});

describe('one connection per pair', () => {
  test('both dial at once, again and again: each ends with one connection, and messages get through', async () => {
    const ts = await tsNode();
    await startServer(ts.runtime, echo, undefined, { name: 'echo', scope: ts.dist.names });
    const erl = await erlNode();
    for (let round = 0; round < 20; round++) {
      const [theirs, ours] = await Promise.all([
        erl.erl.eval(`gen_server:call({echo, '${ts.dist.name}'}, {ping, ${round}})`),
        ts.dist.rpc(erl.name, 'erlang', 'abs', [-1 - round]),
      ]);
      expect([theirs, ours]).toEqual([tuple(atom('ping'), round), round + 1]);
      expect(ts.dist.nodes()).toEqual([erl.name]);
      await (round % 2 === 0
        ? ts.dist.disconnect(erl.name)
        : erl.erl.eval(`erlang:disconnect_node('${ts.dist.name}')`));
      await expect.poll(() => ts.dist.nodes()).toEqual([]);
      await expect.poll(() => erl.erl.eval('nodes(connected)')).toEqual([]);
    }
  });

  test('a node that comes back while its old connection seems alive takes its place', async () => {
    const between = await Between.start();
    const name = `back${process.pid}@127.0.0.1`;
    const first = await erlNode('secret', [], name);
    const port = Number(
      await first.erl.eval(`{port, P, _} = erl_epmd:port_please("${name.split('@')[0]}", {127,0,0,1}), P`),
    );
    const dialer = new TcpCarrier({ portOf: (node) => (node === name ? between.to(port) : undefined) });
    const ts = await tsNode({ carriers: [dialer] });
    const changes: unknown[] = [];
    ts.dist.monitorNodes((change) => changes.push(change.tag));
    expect(await ts.dist.ping(name)).toBe(true);
    between.hold();
    await first.erl.kill();
    const second = await erlNode('secret', [], name);
    expect(await second.erl.eval(`net_adm:ping('${ts.dist.name}')`)).toBe(atom('pong'));
    expect(changes).toEqual(['nodeup', 'nodedown', 'nodeup']);
    await between.close();
  });
});

test('a node that is started again has a new creation: old pids are noproc, links to them ended once', async () => {
  const name = `again${process.pid}@127.0.0.1`;
  const first = await erlNode('secret', [], name);
  const ts = await tsNode();
  const pid = (await ts.dist.rpc(name, 'erlang', 'whereis', [atom('init')])) as Pid;
  await first.erl.kill();
  await expect.poll(() => ts.dist.nodes()).toEqual([]);
  const second = await erlNode('secret', [], name);
  expect(await ts.dist.rpc(name, 'erlang', 'abs', [-1])).toBe(1);
  const inbox = new Inbox();
  const watcher: GenServer<undefined, null> = {
    label: 'watcher',
    init: (_none, self) => {
      self.monitor(pid);
      return null;
    },
    handleInfo: (message, state) => {
      inbox.add(message);
      return noReply(state);
    },
  };
  await startServer(ts.runtime, watcher, undefined);
  expect(await inbox.next()).toMatchObject({ reason: 'noproc' });
  const fresh = (await ts.dist.rpc(name, 'erlang', 'whereis', [atom('init')])) as Pid;
  expect(fresh).not.toBe(pid);
  await second.erl.kill();
});

describe('silence', () => {
  test('nobody says anything for many times the tick time of either end: nobody goes', async () => {
    const erl = await erlNode('secret', ['-kernel', 'net_ticktime', '2', 'net_tickintensity', '4']);
    const ts = await tsNode({ tickTime: 1_000 });
    const changes: string[] = [];
    ts.dist.monitorNodes((change) => changes.push(change.tag));
    expect(await ts.dist.ping(erl.name)).toBe(true);
    // nothing of this goes through the distribution
    await erl.erl.eval('timer:sleep(10000)');
    expect(changes).toEqual(['nodeup']);
    expect(await erl.erl.eval('nodes(hidden)')).toEqual([atom(ts.dist.name)]);
  });

  test('Erlang gives up a node behind a black hole in its tick time, and finds it again when that is gone', async () => {
    const between = await Between.start();
    const erl = await erlNode('secret', ['-kernel', 'net_ticktime', '4', 'net_tickintensity', '4']);
    const port = Number(
      await erl.erl.eval(`{port, P, _} = erl_epmd:port_please("${erl.name.split('@')[0]}", {127,0,0,1}), P`),
    );
    const carrier = new TcpCarrier({ portOf: (node) => (node === erl.name ? between.to(port) : undefined) });
    const ts = await tsNode({ carriers: [carrier], tickTime: 4_000 });
    await startServer(ts.runtime, echo, undefined, { name: 'echo', scope: ts.dist.names });
    expect(await ts.dist.ping(erl.name)).toBe(true);
    expect(await erl.erl.eval('net_kernel:monitor_nodes(true, [{node_type, all}])')).toBe(atom('ok'));
    between.hold();
    expect(await erl.erl.eval(`receive {nodedown, N, _} -> N after 20000 -> late end`)).toBe(
      atom(ts.dist.name),
    );
    between.release();
    expect(await erl.erl.eval(`gen_server:call({echo, '${ts.dist.name}'}, 7)`)).toBe(7);
    await between.close();
  });

  test('ticks keep an idle connection; without them it ends, once, and comes back on demand', async () => {
    const between = await Between.start();
    const erl = await erlNode('secret', ['-kernel', 'net_ticktime', '8', 'net_tickintensity', '4']);
    const port = Number(
      await erl.erl.eval(`{port, P, _} = erl_epmd:port_please("${erl.name.split('@')[0]}", {127,0,0,1}), P`),
    );
    const carrier = new TcpCarrier({ portOf: (node) => (node === erl.name ? between.to(port) : undefined) });
    const ts = await tsNode({ carriers: [carrier], tickTime: 2_000 });
    const changes: string[] = [];
    const down = new Promise<string>((resolve) => {
      ts.dist.monitorNodes((change) => {
        changes.push(change.tag);
        if (change.tag === 'nodedown') resolve(change.reason);
      });
    });
    expect(await ts.dist.ping(erl.name)).toBe(true);
    // Erlang's own ticks come every two seconds only: ours must be answered for by what it sends
    await erl.erl.eval('timer:sleep(1000)');
    between.hold();
    expect(await down).toBe('net_tick_timeout');
    between.release();
    expect(await ts.dist.rpc(erl.name, 'erlang', 'abs', [-1])).toBe(1);
    expect(changes).toEqual(['nodeup', 'nodedown', 'nodeup']);
    await between.close();
  });
});

test('64 MiB go both ways unchanged, and the limit of a packet holds for what is sent', async () => {
  const size = 67_108_864;
  const ts = await tsNode({ maxPacket: 68_157_440, busyLimit: 70_000_000 });
  await startServer(ts.runtime, echo, undefined, { name: 'echo', scope: ts.dist.names });
  const erl = await erlNode();
  const bytes = Buffer.alloc(size, 'a lattice');
  const md5 = createHash('md5').update(bytes).digest();
  const there = await ts.dist.rpc(erl.name, 'erlang', 'md5', [bytes], { timeout: 30_000 });
  expect(Buffer.from(there as Uint8Array).equals(md5)).toBe(true);
  const back = await erl.erl.eval(
    `B = binary:copy(<<"a lattice">>, ${Math.ceil(size / 9)}),
     C = binary:part(B, 0, ${size}),
     C =:= gen_server:call({echo, '${ts.dist.name}'}, C, 30000) andalso byte_size(C)`,
  );
  expect(back).toBe(size);
}, 60_000);
