/**
 * QUIC for a distribution without a mesh: a socket of its own, with an actor of its own.
 */
import { NameScope } from '../../../actor/names.ts';
import type { Runtime } from '../../../actor/runtime.ts';
import { createIdentity, type Identity } from '../../../identity/identity.ts';
import { worker } from '../../../otp/supervisor.ts';
import { endpointServer, type EndpointArgs } from '../../../transport/endpoint-server.ts';
import { quicTransport } from '../../../transport/quic/transport.ts';
import type { Endpoint, EndpointLimits, PhysicalAddress, Transport } from '../../../transport/transport.ts';
import { QuicCarrier } from './quic.ts';

const ENDPOINT = 'endpoint';

export interface OwnEndpointOptions {
  /** Where it listens: a numeric address, port 0 takes a free one. Default 127.0.0.1:0. */
  readonly listen?: PhysicalAddress;
  /** The key that it proves to others. Default: a fresh one in memory. */
  readonly identity?: Identity;
  readonly limits?: EndpointLimits;
  /** Default: real QUIC. */
  readonly transport?: Transport;
}

/** For `startDistribution`. A node of the mesh has its own socket for it. */
export function quicCarrier(runtime: Runtime, options: OwnEndpointOptions = {}): QuicCarrier {
  const { clock, random } = runtime;
  const { listen = { host: '127.0.0.1', port: 0 }, limits, transport = quicTransport() } = options;
  const identity = options.identity ?? createIdentity(random, clock.wall());
  const scope = new NameScope();
  const memory: EndpointArgs['memory'] = { bound: undefined };
  return new QuicCarrier({
    endpoint: () => scope.shared<Endpoint>(ENDPOINT),
    random,
    children: (acceptor) => {
      const accept = new Map([acceptor]);
      const args: EndpointArgs = {
        scope,
        transport,
        bind: listen,
        limits,
        tls: false,
        identity: () => identity,
        accept,
        memory,
      };
      return [worker(ENDPOINT, endpointServer, args, { scope })];
    },
  });
}
