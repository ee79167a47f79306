/**
 * Hosts that this node has sent to lately: what comes from there shows nothing of what strangers may do. Pure.
 *
 * Remembered longer than NATs keep a hole open (RFC 4787 REQ-5: two to five minutes). Bounded: the oldest is forgotten.
 */
import type { Link } from '../../../transport/transport.ts';

/** Milliseconds. */
const REMEMBERED = 300_000;
const LIMIT = 4_096;

export class Contacts {
  /** When it was seen last, the oldest first. */
  readonly #hosts = new Map<string, number>();

  /** Every link that is there, also one that is only dialing. */
  look(links: Iterable<Link>, now: number): void {
    for (const { observed, paths } of links) {
      this.#add(observed.host, now);
      for (const { address } of paths) this.#add(address.host, now);
    }
  }

  has(host: string, now: number): boolean {
    const at = this.#hosts.get(host);
    return at !== undefined && now - at <= REMEMBERED;
  }

  /** The newest `most`. */
  newest(most: number): readonly string[] {
    return [...this.#hosts.keys()].slice(-most);
  }

  #add(host: string, now: number): void {
    this.#hosts.delete(host);
    this.#hosts.set(host, now);
    const oldest = this.#hosts.size > LIMIT ? this.#hosts.keys().next().value : undefined;
    if (oldest !== undefined) this.#hosts.delete(oldest);
  }
}
