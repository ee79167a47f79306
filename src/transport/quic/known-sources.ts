/**
 * Whether something comes from where the peer of an open link has proven to be. Pure.
 *
 * Anybody can make us ask, as often as he likes, so all links are looked at only once in a while, the less often the more
 * there are: that costs a few hundredths of the time.
 */
import type { Link } from '../transport.ts';

/** Links that are looked at per ms, at most. */
const LOOKS = 100;
/** Least milliseconds between two looks. */
const PAUSE = 1;

export class KnownSources {
  readonly #links: () => readonly Link[];
  #known: ReadonlySet<string> = new Set();
  /** Clock time from which they are looked at again. */
  #due = -Infinity;

  constructor(links: () => readonly Link[]) {
    this.#links = links;
  }

  has(host: string, port: number, now: number): boolean {
    if (now >= this.#due) this.#look(now);
    return this.#known.has(spell(host, port));
  }

  #look(now: number): void {
    const links = this.#links();
    const known = new Set<string>();
    for (const { state, paths } of links) {
      if (state !== 'open') continue;
      for (const { proven, address } of paths) if (proven) known.add(spell(address.host, address.port));
    }
    this.#known = known;
    this.#due = now + Math.max(PAUSE, links.length / LOOKS);
  }
}

const spell = (host: string, port: number): string => `${host} ${port}`;
