/**
 * Whom a message is for, and where it may be found.
 */
import type { NatHints } from './nat-connector.ts';

export interface PeerTarget {
  /** Hex id that whoever answers must prove; undefined: whoever answers there. */
  readonly nodeId: string | undefined;
  /** `host:port`, numeric, best first: hints. Empty when only a connection that exists will do. */
  readonly addresses: readonly string[];
  /** It is a station: where UDP is blocked, it is reached over TLS. */
  readonly station?: boolean;
  /** For when no address leads there. */
  readonly nat?: NatHints;
}
