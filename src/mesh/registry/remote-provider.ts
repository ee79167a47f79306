/**
 * A provider found in the mesh: what a verified record says, as users and the router see it.
 */
export interface RemoteProvider {
  /** Hex id of the node that is dialed. */
  readonly nodeId: string;
  /** `host:port`, hints, best first. */
  readonly endpoints: readonly string[];
  /** Frozen; opaque to the DHT. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Of the record; a higher one replaces. */
  readonly seq: number;
  /** Wall clock, ms since 1970. */
  readonly issuedAt: number;
  /** Not to be used at or after this instant; wall clock, ms since 1970. */
  readonly expiresAt: number;
}
