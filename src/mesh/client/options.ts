/**
 * What `startNode` and `connect` take.
 */
import type { Logger, LogLevel } from '../../actor/logger.ts';
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
  /** Gives the start up: it fails with `canceled`, and nothing of it is left. */
  readonly signal?: AbortSignal;
}

export interface NodeOptions extends CommonOptions {
  /** `host:port`, IPv6 in brackets; port 0 takes a free one. Default `127.0.0.1:9443`. */
  readonly listen?: string;
  /** Milliseconds until everything must be up, your own children too; then nothing of it is left. Default 60,000. */
  readonly timeout?: number;
}

export interface ConnectOptions extends CommonOptions {
  /** Milliseconds until the node must have accepted us, name lookup included. Default: a second more than `helloTimeout`. */
  readonly timeout?: number;
  /** Refuse any node but this one: its id in hex. */
  readonly nodeId?: string;
}
