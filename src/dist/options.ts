/**
 * What a distribution is told.
 */
import type { ExportedFunctions } from './exports.ts';

/** What a distribution is, however its carriers came about. */
export interface DistSetup {
  /** What both ends must know. No default: without one nobody connects. A function gives another one for each node. */
  readonly cookie: string | ((node: string) => string | undefined);
  /** Nodes that may connect, and be connected to. Default: all that know the cookie. */
  readonly allowed?: readonly string[] | ((node: string) => boolean);
  /**
   * The keys of nodes that are known, as hex ids (`node.id`): whoever goes by that name has to prove that key. Only carriers with
   * TLS can. A function gives one for each node. Default: the cookie is enough.
   */
  readonly keys?: Readonly<Record<string, string>> | ((node: string) => string | undefined);
  /** Names of the runtime's own scope (`{ name }` without a scope) that other nodes reach too. Default: none. */
  readonly exports?: readonly string[];
  /** What others may run by `rpc`, `erpc` and `spawn`. Default: nothing. */
  readonly functions?: ExportedFunctions;
  /** ms without a sign of life after which a node is gone. Default 60,000. */
  readonly tickTime?: number;
  /** ms for a handshake. Default 7,000. */
  readonly setupTime?: number;
  /** Bytes of one message at most. Default 16 MiB, at most 65 MiB. */
  readonly maxPacket?: number;
  /** Bytes that wait for one node, beyond which messages to it are refused. Default 8 MiB. */
  readonly busyLimit?: number;
}
