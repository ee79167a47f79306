/**
 * Which of two connections between the same two peers stays. Pure; source: DESIGN §8, Hello.
 *
 * A second dial by the same side replaces its older one. Of opposite dials that overlap, the one by the smaller
 * node id stays, and the side that has it decides: the other waits for its answer, so that never both are given
 * up. A peer that has accepted ours meanwhile (`have: true`) keeps it; one that has lost what we still believe in
 * (`have: false`, or another epoch) is right.
 */

/** What is known of a connection that is there or on its way. */
export interface Older {
  /** We dialed it. */
  readonly dialed: boolean;
  /** The peer's process, when it dialed. */
  readonly epoch: Uint8Array | undefined;
  /** When the hello was accepted, clock ms; undefined before. */
  readonly readySince: number | undefined;
}

/** The hello of a peer that dials us. */
export interface Newcomer {
  readonly epoch: Uint8Array;
  /** It believes that it has a connection to us. */
  readonly have: boolean;
}

/** A hello that arrives this long after ours was accepted may have been sent before, milliseconds. */
export const OVERLAP = 1_000;

/** Whether a peer's hello is accepted beside `older`. `smaller`: our id is smaller than the peer's. */
export function admits(older: Older, newcomer: Newcomer, smaller: boolean, now: number): boolean {
  if (!older.dialed) return true;
  if (older.epoch !== undefined && !same(older.epoch, newcomer.epoch)) return true;
  // it accepted ours before its own dial came through
  if (newcomer.have) return false;
  const overlaps = older.readySince === undefined || now - older.readySince < OVERLAP;
  return overlaps ? !smaller : true;
}

/** Whether our own dial ends when the peer's hello was accepted: only while the peer cannot know of it yet. */
export const yields = (own: Older & { readonly greeted: boolean }): boolean =>
  own.dialed && own.readySince === undefined && !own.greeted;

/**
 * Whether a hello comes too late: the same process has dialed again since, and was accepted. Who sent the late one
 * has given that connection up. `later`: those whose peer was proven after the one that says hello.
 */
export const overtaken = (later: readonly Older[], { epoch }: Newcomer): boolean =>
  later.some(
    (other) =>
      !other.dialed &&
      other.readySince !== undefined &&
      other.epoch !== undefined &&
      same(other.epoch, epoch),
  );

export function isSmaller(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) < 0;
}

const same = (a: Uint8Array, b: Uint8Array): boolean => Buffer.compare(a, b) === 0;
