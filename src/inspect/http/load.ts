/**
 * How much an inspector has at hand at once: answers that are made or not yet read, and actions that have not ended. Pure.
 *
 * A page, or a command, asks for a few at a time. More than all of them together would is refused, so that neither questions whose
 * answers nobody reads nor actions that nobody waits for pile up.
 */

/** Whole trees are large; an action may leave something behind for a minute, whether or not somebody waits for it. */
const AT_ONCE = { tree: 8, action: 16, other: 32 } as const;

export type Kind = keyof typeof AT_ONCE;

export class Load {
  readonly #now: Record<Kind, number> = { tree: 0, action: 0, other: 0 };

  /** Gives what is to be called once when it has ended; undefined: there is too much already. */
  begin(kind: Kind): (() => void) | undefined {
    if (this.#now[kind] >= AT_ONCE[kind]) return undefined;
    this.#now[kind]++;
    return () => {
      this.#now[kind]--;
    };
  }
}
