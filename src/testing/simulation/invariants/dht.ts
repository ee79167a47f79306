/**
 * Invariants 10 and 11: what is promised of the routing table and of the records that are kept. Pure.
 */

export interface TableFacts {
  /** Hex id of whom the table belongs to. */
  readonly own: string;
  /** Contacts per bucket. */
  readonly buckets: ReadonlyMap<number, number>;
  readonly contacts: readonly { readonly nodeId: string; readonly address: string }[];
}

/**
 * Invariant 10. `real`: every node there ever was, as `id address`, or as `id` when it may be anywhere; nobody else can have
 * been verified.
 */
export function* soundTable(
  { own, buckets, contacts }: TableFacts,
  most: number,
  real: ReadonlySet<string>,
): Generator<string> {
  for (const [index, size] of buckets)
    if (size > most) yield `bucket ${index} has ${size} contacts, ${most} at most`;
  const seen = new Set<string>();
  for (const { nodeId, address } of contacts) {
    if (nodeId === own) yield `the table has its own node`;
    else if (!real.has(nodeId) && !real.has(`${nodeId} ${address}`))
      yield `contact ${nodeId.slice(0, 8)} at ${address} has never been there`;
    if (seen.has(nodeId)) yield `contact ${nodeId.slice(0, 8)} is there twice`;
    seen.add(nodeId);
  }
}

/** A record that is shown to whoever asks. */
export interface RecordFacts {
  /** The key and the publishing node. */
  readonly name: string;
  readonly seq: number;
  /** Wall clock, milliseconds. */
  readonly expiresAt: number;
  /** Undefined: nobody has looked. */
  readonly authentic: boolean | undefined;
}

/** Invariant 11. `highest` is what was seen before of the same store, by name; it is brought up to date. */
export function* soundRecords(
  records: Iterable<RecordFacts>,
  wall: number,
  highest: Map<string, number>,
): Generator<string> {
  for (const { name, seq, expiresAt, authentic } of records) {
    if (wall >= expiresAt) yield `record ${name} is shown ${wall - expiresAt} ms after its end`;
    if (authentic === false) yield `record ${name} is not signed by its node`;
    const before = highest.get(name);
    if (before !== undefined && seq < before) yield `record ${name} fell from seq ${before} to ${seq}`;
    if (before === undefined || seq > before) highest.set(name, seq);
  }
}
