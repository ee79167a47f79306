/**
 * What `startNode` and `connect` take.
 */
import type { Logger, LogLevel } from '../../actor/logger.ts';
import type { Runtime } from '../../actor/runtime.ts';
import type { Identity } from '../../identity/identity.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import type { EndpointLimits, Transport } from '../../transport/transport.ts';
import type { TcpOptions } from '../../dist/carriers/tcp/tcp.ts';
import type { ClusterOptions } from '../../dist/cluster/options.ts';
import type { DistSetup } from '../../dist/options.ts';
import type { Location } from '../router/location.ts';
import type { Strategy } from '../router/strategy.ts';
import type { NameMode } from '../topic/procedure-name.ts';

interface CommonOptions {
  /** The trust domain. Default `"default"`, an open realm that exists on loopback only; elsewhere required. */
  readonly realm?: string;
  /** Which procedure names are accepted. Default: dotted names and canonical topics. */
  readonly names?: NameMode;
  /** Default: a fresh identity in memory. A file makes it durable (mode 0600, created when it is missing). */
  readonly identity?: { readonly file: string } | Identity;
  /**
   * Makes the realm a closed one: the public key that signs memberships in it, as the file that `espalier realm init`
   * wrote or as SubjectPublicKeyInfo (DER). Only peers that prove their membership are spoken to. Needs `membership`.
   */
  readonly realmKey?: { readonly file: string } | Uint8Array;
  /**
   * Our own membership of the closed realm, made by `espalier realm issue` for this node's id; so it needs a durable
   * `identity`. A file is read again before what it held expires.
   */
  readonly membership?: { readonly file: string } | Uint8Array;
  /** The world of actors to live in. Default: one of its own. */
  readonly runtime?: Runtime;
  /** For a runtime of its own. Default: NDJSON on stderr from `warn` up. */
  readonly logger?: Logger;
  /** For a runtime of its own: the least severe lines that are logged. Default `warn`, or what `logger` writes. */
  readonly logLevel?: LogLevel;
  /** Default: QUIC. */
  readonly transport?: Transport;
  readonly limits?: EndpointLimits;
  /** Actors of yours, supervised in the same tree (oneForOne, 3 restarts in 5 s), after the mesh. */
  readonly children?: readonly ChildSpec[];
  /**
   * Who is told name and message of what a handler threw: `'log'`, the log; true, the log and remote callers (never
   * its stack). Default false: nobody, for they may hold secrets. A `runtime` that is given decides about its log.
   */
  readonly crashDetails?: boolean | 'log';
  /** Bytes of one call's args or result. Default 1 MiB, at most 64 MiB. */
  readonly maxBody?: number;
  /** Milliseconds for handshake and hello. Default 10,000. */
  readonly helloTimeout?: number;
  /**
   * Names that will be called: as soon as that is possible their providers are looked up, so that not even the first
   * call waits for it. At most 1,000; more can be added later (`addInterests`).
   */
  readonly serviceInterests?: string | readonly string[];
  /**
   * Calls made here and handlers that run here become spans of OpenTelemetry, in one trace with those elsewhere. Needs
   * the package `@opentelemetry/api`, and an SDK that the application has registered. Default false.
   */
  readonly tracing?: boolean;
  /** Gives the start up: it fails with `canceled`, and nothing of it is left. */
  readonly signal?: AbortSignal;
}

/** The distribution of a node: docs/distribution.md. */
export interface NodeDistOptions extends DistSetup {
  /**
   * Its name there: `port@host`, by which other nodes find it without anybody's help. Default: where it listens, or the first of
   * `announce`. A node that is told nothing else listens where its name says. `name@host` is for TCP and for relays.
   */
  readonly name?: string;
  /** Also over TCP, for Erlang nodes: on loopback unless it says otherwise, with EPMD unless it says `epmd: false`. */
  readonly tcp?: boolean | TcpOptions;
  /**
   * Dist relays, as `quic://host:port`, in the order in which they are preferred, at most 8: nodes that cannot be reached otherwise are
   * reached through them, encrypted from end to end. They have to serve this node's realm, or none. Default: none.
   */
  readonly relays?: readonly string[];
  /** Nodes that it is connected to all the time. Default: to each when something is sent to it. */
  readonly cluster?: ClusterOptions;
}

export interface InspectorOptions {
  /** Default 0: a free one. */
  readonly port?: number;
  /** A loopback address: it speaks HTTP, without TLS. Default `127.0.0.1`. */
  readonly host?: string;
  /** Whether who has its token may also kill, restart, suspend, trace and call. Default false. */
  readonly actions?: boolean;
  /** 16 characters at least. Default: a new one for each start. */
  readonly token?: string;
  /** Whether it writes the file, for its user only, by which `espalier inspect` finds it. Default true. */
  readonly announce?: boolean;
  /** Ids of nodes and clients, in hex, that may look through the mesh, and do nothing. Default: none. */
  readonly allow?: readonly string[];
}

export interface NodeOptions extends CommonOptions {
  /** Which of several providers gets a call that does not say. Default `power_of_two`. */
  readonly strategy?: Strategy;
  /** Where this node is, in degrees: `nearest` needs it. */
  readonly location?: Location;
  /** `host:port`, IPv6 in brackets; port 0 takes a free one. Default `127.0.0.1:9443`. */
  readonly listen?: string;
  /**
   * Nodes by which this one finds the others, as `https://host:port`; any that is up will do, and none needs to be at
   * the start. Without them it is the first node. Two at least are wise.
   */
  readonly bootstrap?: readonly string[];
  /**
   * `host:port` that others are told to dial, best first, at most 20: for a node whose own addresses nobody can reach.
   * Default: the address it listens at, or those of this machine when it listens at all of them.
   */
  readonly announce?: readonly string[];
  /**
   * Whether it takes part in the DHT: keeps records and finds providers there. Default true. `refresh`: milliseconds
   * after which a part of the routing table that nothing went through is looked up again, default 300,000.
   */
  readonly dht?: boolean | { readonly refresh?: number };
  /** Connections to other nodes: how many are kept (default 100), and for how many ms without use (60,000). */
  readonly pool?: { readonly size?: number; readonly idleTimeout?: number };
  /**
   * Makes it a station: what neither it nor the DHT knows it asks of the stations it is peered with. `peers`: their
   * URLs, in the order in which they are asked, at most 20; one list may serve all of them, its own is left out.
   */
  readonly station?: boolean | { readonly peers?: readonly string[] };
  /** URLs of the stations it attaches to, at most 8, so that it is reached through them where no direct way leads. */
  readonly stations?: readonly string[];
  /** Actors across nodes, in Erlang's own protocol, over this node's socket. Default: none. */
  readonly dist?: NodeDistOptions;
  /** A page, and an HTTP API, that show the tree of actors and what it does (docs/inspector.md). Default: none. */
  readonly inspector?: boolean | InspectorOptions;
  /** Milliseconds until everything must be up, your own children too; then nothing of it is left. Default 60,000. */
  readonly timeout?: number;
}

export interface ConnectOptions extends CommonOptions {
  /** Milliseconds until the node must have accepted us, name lookup included. Default: a second more than `helloTimeout`. */
  readonly timeout?: number;
  /** Refuse any node but this one: its id in hex. */
  readonly nodeId?: string;
}
