/**
 * What a distribution is told.
 */
import type { ProcessGroups } from '../otp/process-groups.ts';
import type { ExportedFunctions } from './exports.ts';

// oxlint-disable-next-line typescript/no-explicit-any
export type SharedGroups = Readonly<Record<string, ProcessGroups<any>>>;

/** What a distribution is, however its carriers came about. */
export interface DistSetup {
  /**
   * What both ends must know: 1 to 255 characters. No default. A function gives another one for each node; there is no connection
   * to one for which it gives no such text, or throws.
   */
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
  /**
   * Process groups that are shared with other nodes, by the name of their scope: `pg` is Erlang's own. Default: none. What others
   * offer may be groups of any kind (`groups/group-terms.ts`), whatever the type of ours.
   */
  readonly groups?: SharedGroups;
  /** ms without a sign of life after which a node is gone. At least 100; default 60,000. */
  readonly tickTime?: number;
  /** ms for a handshake. 100 to 600,000; default 7,000. */
  readonly setupTime?: number;
  /** Bytes of one message at most. 64 KiB to 65 MiB; default 16 MiB. */
  readonly maxPacket?: number;
  /** Bytes that wait for one node, beyond which messages to it are refused. 64 KiB to 1 GiB; default 8 MiB. */
  readonly busyLimit?: number;
}
