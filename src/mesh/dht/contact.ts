/**
 * A node as the DHT knows it: who it is, and where it was reached.
 */
export interface Contact {
  /** SHA-256 of its public key, 32 bytes. */
  readonly id: Uint8Array;
  /** The same in hex. */
  readonly nodeId: string;
  /** `host:port`, numeric, IPv6 in brackets: a hint until whoever answers there has proven the id. */
  readonly address: string;
}

/** Contacts in a bucket, and nodes that keep a record (Kademlia's k). */
export const K = 20;
/** Questions of one lookup under way at once (Kademlia's alpha). */
export const ALPHA = 3;
