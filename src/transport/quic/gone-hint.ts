/**
 * "This connection is not known here": what a restarted endpoint answers to packets of links it has lost. Pure.
 *
 * One raw datagram, 0x03 and the connection id that was used. It is shorter than any packet it answers, is never
 * an answer to another hint, and proves nothing: whoever gets one asks the peer (`LinkEvents.onDoubt`). RFC 9000
 * §10.3 has the stateless reset for this; that needs a key that survives the restart, and ends the link.
 */
import { ID_LENGTH } from './retry-token.ts';

/** First byte. Bit 0x40 is clear: not QUIC. */
const GONE = 0x03;
const HINT_SIZE = 1 + ID_LENGTH;
/** A short header with our ids, packet number and payload of four bytes, and the tag: nothing real is shorter. */
const SHORTEST_PACKET = 1 + ID_LENGTH + 4 + 16;
/** Hints sent per second at most, by one endpoint to all the world. */
const PER_SECOND = 1_000;

/** The answer to a short-header packet of a link we do not know; undefined when it is too short for one. */
export function goneHint(packet: Uint8Array): Uint8Array | undefined {
  if (packet.length < SHORTEST_PACKET) return undefined;
  const hint = new Uint8Array(HINT_SIZE);
  hint[0] = GONE;
  hint.set(packet.subarray(1, HINT_SIZE), 1);
  return hint;
}

/** The connection id (latin1) a hint names; undefined when it is no hint. */
export function goneId(datagram: Buffer): string | undefined {
  return datagram.length === HINT_SIZE && datagram[0] === GONE ? datagram.toString('latin1', 1) : undefined;
}

/** So many hints per second and no more. */
export class HintBudget {
  #left = PER_SECOND;
  #since = -Infinity;

  take(now: number): boolean {
    if (now - this.#since >= 1_000) {
      this.#since = now;
      this.#left = PER_SECOND;
    }
    return this.#left-- > 0;
  }
}
