/** The endpoint actor alone: it serves every protocol that somebody takes, and knows none of them. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { NameScope } from '../../../src/actor/names.ts';
import type { ServerRef } from '../../../src/otp/server-ref.ts';
import { startServer } from '../../../src/otp/gen-server.ts';
import {
  endpointServer,
  type Acceptor,
  type EndpointArgs,
  type EndpointCalls,
} from '../../../src/transport/endpoint-server.ts';
import {
  CloseCode,
  type CloseReason,
  type Endpoint,
  type Forwarder,
  type LinkEvents,
  type PhysicalAddress,
  type Protocol,
} from '../../../src/transport/transport.ts';
import { meshWorld, type MeshWorld } from '../../mesh-world.ts';

const events = (closed: (reason: CloseReason) => void = () => undefined): LinkEvents => ({
  onOpen: () => undefined,
  onStream: () => 0 as never,
  onCredit: () => undefined,
  onClose: closed,
  onFault: () => undefined,
});

describe('endpointServer', () => {
  test('gives each link to whoever takes its protocol, refuses what nobody takes, binds again where it was', async () => {
    const world = meshWorld();
    const runtime = world.runtime();
    const scope = new NameScope();
    const taken: string[] = [];
    const taking =
      (name: string): Acceptor =>
      (link) => {
        taken.push(`${name} ${link.protocol}`);
        return events();
      };
    const args = {
      scope,
      transport: world.network.transport('198.18.7.1'),
      bind: { host: '198.18.7.1', port: 0 },
      limits: undefined,
      tls: false,
      identity: () => world.identity('server'),
      accept: new Map<Protocol, Acceptor>([
        ['macula', taking('mesh')],
        ['macula-dist', taking('dist')],
        ['macula-relay', () => CloseCode.refused],
      ]),
      memory: { bound: undefined },
    };
    const start = (): Promise<ServerRef<EndpointCalls>> =>
      startServer(runtime, endpointServer, args, { name: 'endpoint', scope });
    const ref = await world.settle(start());
    const address = await world.settle(ref.call('address'));
    expect(args.memory.bound).toEqual(address);
    expect(scope.shared<Endpoint>('endpoint')?.local).toEqual(address);

    const dialer = await world.network.transport('198.18.7.2').open({
      clock: world.clock,
      random: world.random.fork('dialer'),
      identity: world.identity('dialer'),
      bind: { host: '198.18.7.2', port: 0 },
    });
    const ends: CloseReason[] = [];
    for (const protocol of ['macula-dist', 'macula', 'macula-relay'] as const) {
      dialer.dial(
        { address, protocol },
        events((reason) => ends.push(reason)),
      );
      await world.clock.advance(100);
    }
    expect(taken).toEqual(['dist macula-dist', 'mesh macula']);
    expect(ends).toEqual([expect.objectContaining({ tag: 'remote', code: CloseCode.refused })]);

    runtime.exit(ref.pid!, 'kill');
    const again = await world.settle(start());
    expect(await world.settle(again.call('address'))).toEqual(address);
    runtime.exit(again.pid!, 'kill');
    await world.settle(dialer.close());
  });
});

interface Served {
  readonly memory: EndpointArgs['memory'];
  /** Those that there have been, the last one last. */
  readonly endpoints: readonly Endpoint[];
  /** Starts it again, after it was killed. */
  readonly again: () => Promise<void>;
  /** Kills it. */
  readonly kill: () => void;
}

/** An endpoint that takes links of one protocol, on a machine of its own. */
async function served(world: MeshWorld, host: string, more: Partial<EndpointArgs> = {}): Promise<Served> {
  const runtime = world.runtime();
  const scope = new NameScope();
  const memory: EndpointArgs['memory'] = { bound: undefined };
  const args: EndpointArgs = {
    scope,
    transport: world.network.transport(host),
    bind: { host, port: 0 },
    limits: undefined,
    tls: false,
    identity: () => world.identity('server'),
    accept: new Map<Protocol, Acceptor>([['macula-dist', () => events()]]),
    memory,
    ...more,
  };
  const endpoints: Endpoint[] = [];
  let ref: ServerRef<EndpointCalls> | undefined;
  const start = async (): Promise<void> => {
    ref = await world.settle(startServer(runtime, endpointServer, args, { name: 'endpoint', scope }));
    endpoints.push(scope.shared<Endpoint>('endpoint') as Endpoint);
  };
  const kill = (): void => runtime.exit(ref!.pid!, 'kill');
  onTestFinished(kill);
  await start();
  return { memory, endpoints, again: start, kill };
}

describe('an endpoint whose dialers come through relays only', () => {
  /** Somebody else binds where it was, before it is started again. */
  async function displaced(world: MeshWorld, { endpoints, kill }: Served, host: string): Promise<void> {
    const { local } = endpoints[0] as Endpoint;
    kill();
    const { clock, random } = world;
    const other = await world.network
      .transport(host)
      .open({ clock, random: random.fork('other'), identity: world.identity('other'), bind: local });
    expect(other.local).toEqual(local);
    onTestFinished(() => other.destroy());
  }

  test('does not insist on its old port when it is started again: nobody has to find it', async () => {
    const world = meshWorld();
    const endpoint = await served(world, '198.18.7.1', { dialers: 'relays' });
    expect(endpoint.memory.bound).toBeUndefined();
    await displaced(world, endpoint, '198.18.7.1');
    await endpoint.again();
    expect(endpoint.endpoints).toHaveLength(2);
    expect(endpoint.endpoints[1]?.local.port).not.toBe(endpoint.endpoints[0]?.local.port);
    expect(endpoint.memory.bound).toBeUndefined();
  });

  test.each([undefined, 'anywhere'] as const)('but does where they come from %s', async (dialers) => {
    const world = meshWorld();
    const more = dialers === undefined ? {} : { dialers };
    const endpoint = await served(world, '198.18.7.1', more);
    expect(endpoint.memory.bound).toEqual(endpoint.endpoints[0]?.local);
    await displaced(world, endpoint, '198.18.7.1');
    await expect(endpoint.again()).rejects.toMatchObject({
      reason: { shutdown: { failure: { tag: 'bind_failed', address: endpoint.memory.bound } } },
    });
  });

  test.each([
    [undefined, []],
    ['relays', ['handshake_timeout']],
  ] as const)('says so to its socket, each time: %s', async (dialers, ends) => {
    const world = meshWorld();
    const endpoint = await served(world, '198.18.7.1', dialers === undefined ? {} : { dialers });
    endpoint.kill();
    await endpoint.again();
    const { clock, random } = world;
    const dialer = await world.network
      .transport('198.18.7.2')
      .open({ clock, random: random.fork('dialer'), identity: world.identity('dialer') });
    onTestFinished(() => dialer.destroy());
    const closed: string[] = [];
    const address = endpoint.endpoints[1]?.local as PhysicalAddress;
    const link = dialer.dial(
      { address, protocol: 'macula-dist' },
      events(({ tag }) => closed.push(tag)),
    );
    await clock.until(() => link.state === 'open' || closed.length > 0);
    expect(closed).toEqual(ends);
  });
});

describe('the forwarder of an endpoint', () => {
  test('is that of each new one, when it is started again', async () => {
    const forwarder: Forwarder = () => 'refused';
    const { endpoints, kill, again } = await served(meshWorld(), '198.18.7.1', { forwarder });
    kill();
    await again();
    expect(new Set(endpoints).size).toBe(2);
    // the first one has forgotten it with everything else
    expect(endpoints.map((endpoint) => endpoint.forwarder)).toEqual([undefined, forwarder]);
  });

  test('is none unless told otherwise', async () => {
    const { endpoints } = await served(meshWorld(), '198.18.7.1');
    expect(endpoints[0]?.forwarder).toBeUndefined();
  });
});
