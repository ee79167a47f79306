/**
 * N nodes of one DHT in this process, whoever made it. All contenders are driven through this.
 */

/** Milliseconds; undefined when no provider was found. */
export interface Sought {
  /** Until the first provider was known. */
  readonly first: number | undefined;
  /** Until nobody was left to ask: then all providers are known. */
  readonly full: number;
}

export interface Network {
  /** Starts one more node, and resolves when it has its place among the others. */
  add(): Promise<void>;
  /** What a network of this kind needs when all are there, before it is complete. */
  complete?(): Promise<void>;
  /** Puts a signed record for a key (32 bytes) where it belongs. Rejects when nobody took it. */
  announce(node: number, key: Uint8Array): Promise<void>;
  /** Asks the mesh, no cache, for at most `limit` ms. Never rejects. */
  lookUp(node: number, key: Uint8Array, limit: number): Promise<Sought>;
  /** The node ends without a word to anybody, as if its machine had lost its power. */
  kill(node: number): void;
  /** Requests of all nodes to others until now. */
  messages(): number;
  /** Kept connections per node; undefined without connections. */
  connections(): number | undefined;
  /** Connections made by all nodes until now, for those that lookups make and keep. */
  made?(): number;
}

/** `size`: nodes that will be added. */
export type NetworkMaker = (size: number) => Promise<Network>;
