/**
 * What `startNode` and `connect` take.
 */
import type { Logger } from '../../actor/logger.ts';
import type { Runtime } from '../../actor/runtime.ts';
import type { Identity } from '../../identity/identity.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import type { EndpointLimits, Transport } from '../../transport/transport.ts';
import type { NameMode } from '../topic/procedure-name.ts';

interface CommonOptions {
  /** The trust domain. Default `"default"`, an open realm that exists on loopback only; elsewhere required. */
  readonly realm?: string;
  /** Which procedure names are accepted. Default: dotted names and canonical topics. */
  readonly names?: NameMode;
  /** Default: a fresh identity in memory. A file makes it durable (mode 0600, created when it is missing). */
  readonly identity?: { readonly file: string } | Identity;
  /** The world of actors to live in. Default: one of its own. */
  readonly runtime?: Runtime;
  /** For a runtime of its own. Default: NDJSON on stderr from `warn` up. */
  readonly logger?: Logger;
  /** Default: QUIC. */
  readonly transport?: Transport;
  readonly limits?: EndpointLimits;
  /** Actors of yours, supervised in the same tree (oneForOne, 3 restarts in 5 s), after the mesh. */
  readonly children?: readonly ChildSpec[];
  /** Tell remote callers name and message of a crash, never its stack. Default false. */
  readonly crashDetails?: boolean;
  /** Bytes of one call's args or result. Default 1 MiB, at most 64 MiB. */
  readonly maxBody?: number;
  /** Milliseconds for handshake and hello. Default 10,000. */
  readonly helloTimeout?: number;
}

export interface NodeOptions extends CommonOptions {
  /** `host:port`, IPv6 in brackets; port 0 takes a free one. Default `127.0.0.1:9443`. */
  readonly listen?: string;
}

export interface ConnectOptions extends CommonOptions {
  /** Milliseconds until the node must have accepted us, name lookup included. Default: a second more than `helloTimeout`. */
  readonly timeout?: number;
  /** Refuse any node but this one: its id in hex. */
  readonly nodeId?: string;
  readonly signal?: AbortSignal;
}
