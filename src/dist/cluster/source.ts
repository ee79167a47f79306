/**
 * Where the nodes of a cluster are known from: a list, records that they sign, or both.
 *
 * A port: the distribution knows nothing of the DHT that keeps the records.
 */

/** A record that was verified: this key has signed it for our realm, and it is not over. */
export interface FoundRecord {
  /** SHA-256 of the signer's SubjectPublicKeyInfo, hex. */
  readonly nodeId: string;
  /** What it says: `{ node: '4433@10.0.0.1' }`. */
  readonly metadata: Readonly<Record<string, unknown>>;
  /** Wall clock ms. */
  readonly expiresAt: number;
}

export interface ClusterRecords {
  /** Has a record of ours say that we are a member under that name, from now on. May be said again. */
  publish(node: string): void;
  /** Undefined: nobody can be asked now. Resolves within seconds, to undefined when nobody answered; never rejects. */
  find(): Promise<readonly FoundRecord[] | undefined> | undefined;
}

export interface ClusterSource {
  /** Nodes that are members for good. */
  readonly nodes: readonly string[];
  /** Undefined: the list is all there is. */
  readonly records: ClusterRecords | undefined;
}
