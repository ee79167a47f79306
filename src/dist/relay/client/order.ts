/**
 * In which order relays are asked for a tunnel. Pure; clock milliseconds come in.
 *
 * Both ends are attached to all relays of their lists, so every relay that both lists name is one where they meet: whoever asks, asks
 * one after the other. They are asked in the order of the list; one that was lost and came back is asked last for as long as it
 * has not stayed, so nobody goes to and fro with it (RELIABILITY §9).
 */
import type { RelayState } from './client-context.ts';

/** Milliseconds that a relay which came back has to stay. */
export const STAYED = 30_000;

export function askingOrder(
  relays: readonly Pick<RelayState, 'since' | 'returned'>[],
  now: number,
): readonly number[] {
  const known = relays.flatMap(({ since, returned }, at) =>
    since === undefined ? [] : [{ at, last: returned && now - since < STAYED }],
  );
  return [...known.filter(({ last }) => !last), ...known.filter(({ last }) => last)].map(({ at }) => at);
}
