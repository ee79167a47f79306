/**
 * The endpoint actor: owns the socket, and gives verified inbound links to whoever takes their protocol.
 *
 * Shares the `Endpoint` under its name. Supervised first below `transport`; a crash takes every link along. On a
 * kill the socket is freed without a word to the peers, who notice by their idle timeouts; its successor listens
 * on the same port. It knows nothing of what is spoken over links.
 */
import { isOrderly } from '../actor/exit-reason.ts';
import type { NameScope } from '../actor/names.ts';
import type { Process } from '../actor/process.ts';
import type { Identity } from '../identity/identity.ts';
import type { GenServer } from '../otp/gen-server.ts';
import { noReply, reply, stop } from '../otp/result.ts';
import { AsideSocket } from './aside.ts';
import {
  CloseCode,
  TransportError,
  type Endpoint,
  type EndpointLimits,
  type EndpointStats,
  type Forwarder,
  type Link,
  type LinkEvents,
  type PhysicalAddress,
  type Protocol,
  type Transport,
} from './transport.ts';

/** Messages queued at most (DESIGN §8, Mailboxes). */
const ENDPOINT_MAILBOX = 16_384;

/** Takes an inbound link, or says with which code it is closed. */
export type Acceptor = (link: Link) => LinkEvents | CloseCode;

export interface EndpointArgs {
  /** Where the endpoint is shared, as `endpoint`. */
  readonly scope: NameScope;
  readonly transport: Transport;
  readonly bind: PhysicalAddress;
  readonly limits: EndpointLimits | undefined;
  /** Dialers prove no key: for clients of other makes. Default false. */
  readonly anonymous?: boolean;
  /** Also listens for TLS, for who cannot use UDP: a station. */
  readonly tls: boolean;
  /** Asked at every start: who holds the identity may have been restarted too. */
  readonly identity: () => Identity | undefined;
  /** Who takes links of a protocol; empty: outbound only. */
  readonly accept: ReadonlyMap<Protocol, Acceptor>;
  /** `relays`: dialers come through relays' sessions only, and nobody has to find the socket again. Default anywhere. */
  readonly dialers?: 'anywhere' | 'relays';
  /** Where relayed datagrams for others go. Default nowhere. */
  readonly forwarder?: Forwarder;
  /** Outlives the actor: where the listener was bound first, and is bound again. */
  readonly memory: { bound: PhysicalAddress | undefined };
}

export interface EndpointCalls {
  address(): PhysicalAddress;
  stats(): EndpointStats;
}

export const endpointServer: GenServer<EndpointArgs, Endpoint, EndpointCalls> = {
  label: 'endpoint',
  mailbox: ENDPOINT_MAILBOX,
  trapExit: true,

  init: async (args, self) => {
    const identity = args.identity();
    if (identity === undefined) throw new Error('the endpoint needs an identity');
    let endpoint: Endpoint;
    try {
      endpoint = await open(args, identity, self as Process);
    } catch (error) {
      // a port that is taken is the user's to know, not a crash
      if (error instanceof TransportError) return stop({ shutdown: error }, undefined);
      throw error;
    }
    const { local } = endpoint;
    const aside = new AsideSocket(() => besides(args, identity, self as Process, local.host));
    endpoint.aside = aside;
    self.runtime.onExit(self.pid, () => {
      aside.destroy();
      endpoint.destroy();
    });
    args.scope.share('endpoint', self as Process, endpoint);
    if (args.forwarder !== undefined) endpoint.forwarder = args.forwarder;
    if (args.accept.size > 0 && args.dialers !== 'relays') args.memory.bound = endpoint.local;
    return endpoint;
  },

  handleCall: {
    address: (_none, endpoint) => reply(endpoint.local, endpoint),
    stats: (_none, endpoint) => reply(endpoint.stats(), endpoint),
  },
  handleInfo: (_message, endpoint) => noReply(endpoint),

  terminate: (reason, endpoint) => {
    if (isOrderly(reason)) return endpoint.close(CloseCode.shuttingDown, '');
    // our supervisor was killed: its successor wants name and port now, not after the goodbyes
    endpoint.destroy();
    return undefined;
  },
};

function open(args: EndpointArgs, identity: Identity, { clock, random }: Process): Promise<Endpoint> {
  const { transport, bind, limits, accept, dialers, memory, tls, anonymous } = args;
  return transport.open({
    clock,
    random,
    identity,
    bind: memory.bound ?? bind,
    accept: [...accept.keys()],
    onLink: (link) => accept.get(link.protocol)?.(link) ?? CloseCode.shuttingDown,
    // every protocol of ours begins with a hello
    awaitHello: true,
    ...(tls ? { tls } : {}),
    ...(dialers === undefined ? {} : { dialers }),
    ...(anonymous === true ? { anonymous } : {}),
    ...(limits === undefined ? {} : { limits }),
  });
}

/** A socket that neither dials nor accepts. */
function besides(args: EndpointArgs, identity: Identity, self: Process, host: string): Promise<Endpoint> {
  const { clock, random } = self;
  return args.transport.open({ clock, random, identity, bind: { host, port: 0 } });
}
