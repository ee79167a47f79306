/** The endpoint actor alone: it serves every protocol that somebody takes, and knows none of them. */
import { describe, expect, test } from 'vitest';
import { NameScope } from '../../../src/actor/names.ts';
import type { ServerRef } from '../../../src/otp/server-ref.ts';
import { startServer } from '../../../src/otp/gen-server.ts';
import { endpointServer, type Acceptor, type EndpointCalls } from '../../../src/transport/endpoint-server.ts';
import {
  CloseCode,
  type CloseReason,
  type Endpoint,
  type LinkEvents,
  type Protocol,
} from '../../../src/transport/transport.ts';
import { meshWorld } from '../../mesh-world.ts';

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
