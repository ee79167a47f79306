/** The doors of a bridge: real sockets of this host, under a virtual clock, in front of a relay that only writes down what it is asked. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Process } from '../../src/actor/process.ts';
import { NameScope } from '../../src/actor/names.ts';
import { Runtime } from '../../src/actor/runtime.ts';
import { childrenOf } from '../../src/actor/tree.ts';
import { startDistBridge, type DistBridgeOptions } from '../../src/dist-relay.ts';
import { Bridge } from '../../src/dist/bridge/bridge.ts';
import type { DistRelayClient } from '../../src/dist/relay/client/relay-client.ts';
import { EventHub } from '../../src/mesh/events/hub.ts';
import { dynamicSupervisor, silentLogger, startSupervisor } from '../../src/otp.ts';
import { portRequest } from '../dist/bridge/epmd-bytes.ts';
import { RelayWorld } from '../dist/relay/relay-world.ts';
import { childrenById } from '../supervisors/drawn.ts';

async function started(options: Partial<DistBridgeOptions> = {}) {
  const world = new RelayWorld();
  const { clock, network } = world;
  const targets: string[] = [];
  const relay = await world.rawRelay();
  relay.onEnd = (end) => {
    end.answer = (message) => {
      if (message.type === 'identify') end.say({ type: 'identified', status: 'ok', version: 1 });
      if (message.type !== 'tunnel_request') return;
      targets.push(message.target);
      if (message.target.endsWith('@silent')) return;
      const { request_id } = message;
      const reason = 'target_not_connected';
      end.say({ type: 'tunnel_error', reason, ...(request_id === undefined ? {} : { request_id }) });
    };
  };
  const runtime = new Runtime({ clock, logger: silentLogger, random: world.random.fork('bridge') });
  /** Sockets are of this machine: its time goes on too. */
  const soon = async (what: () => boolean): Promise<void> => {
    while (!what()) {
      await turn();
      await clock.advance(1);
    }
  };
  const settle = async <Result>(promise: Promise<Result>): Promise<Result> => {
    let settled = false;
    const done = (): void => void (settled = true);
    promise.then(done, done);
    await soon(() => settled);
    return promise;
  };
  const bridge = await settle(
    startDistBridge({
      runtime,
      transport: network.transport('198.18.60.200'),
      relays: relay.url,
      name: 'a@127.0.0.1',
      epmdPort: 0,
      ...options,
    }),
  );
  onTestFinished(() => settle(bridge.close()));
  const root = runtime.firstChild as Process;
  const open = async (port: number): Promise<Socket> => {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    onTestFinished(() => void socket.destroy());
    await settle(once(socket, 'connect'));
    return socket;
  };
  return {
    clock,
    targets,
    open,
    soon,
    settle,
    doors: (): number => [...childrenOf(childrenById(root).get('doors') as Process)].length,
    /** Where EPMD says that a node listens; undefined: it says that nobody knows it. */
    asked: async (name: string): Promise<number | undefined> => {
      const socket = await open(bridge.epmdPort);
      socket.write(portRequest(name));
      const [answer] = (await settle(once(socket, 'data'))) as [Buffer];
      socket.destroy();
      return answer[1] === 0 ? answer.readUInt16BE(2) : undefined;
    },
  };
}

test('a door that nobody uses closes within two minutes, one that is asked for or used does not', async () => {
  const { clock, asked, open, doors, targets, soon } = await started({ peers: ['b@silent'] });
  const port = (await asked('b')) as number;
  for (let minute = 0; minute < 4; minute++) {
    await clock.advance(50_000);
    expect(await asked('b')).toBe(port);
  }
  // somebody who waits for a tunnel, at each look
  for (let second = 0; second < 120; second += 5) {
    await clock.advance(5_000);
    const before = targets.length;
    await open(port);
    await soon(() => targets.length > before);
  }
  expect(doors()).toBe(1);
  await clock.advance(120_000);
  expect(doors()).toBe(0);
  expect(await asked('b')).toBeGreaterThan(0);
  expect(doors()).toBe(1);
});

test('a node that is asked for while there are no doors is not unknown for ever', async () => {
  const runtime = new Runtime({ logger: silentLogger });
  const scope = new NameScope();
  const own = 'a@127.0.0.1';
  const bridge = new Bridge({
    runtime,
    scope,
    events: new EventHub(runtime),
    name: own,
    host: '127.0.0.1',
    known: { own, peers: [], keyed: [], hasKey: () => false },
    client: { setKernel: () => {} } as unknown as DistRelayClient,
  });
  expect(await bridge.portOf('b')).toBeUndefined();
  const limits = { intensity: 1, period: 5_000, maxChildren: 8 };
  const root = await startSupervisor(runtime, {
    strategy: 'oneForOne',
    intensity: 1,
    period: 5_000,
    children: [dynamicSupervisor('doors', limits, { scope })],
  });
  onTestFinished(async () => void (await root.stop()));
  expect(await bridge.portOf('b')).toBeGreaterThan(0);
});

test('a node whose key we know is asked for by that name alone, any other one also by the part before the @', async () => {
  const { asked, open, targets, settle } = await started({ keys: { 'c@gamma.mesh': 'ab'.repeat(32) } });
  for (const name of ['b', 'c']) {
    const socket = await open((await asked(name)) as number);
    await settle(once(socket, 'close'));
  }
  expect(targets).toEqual(['b@127.0.0.1', 'b', 'c@gamma.mesh']);
});
