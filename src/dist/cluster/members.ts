/**
 * Which nodes of a cluster are to be dialed now. Pure; time and chance come in, monotonic ms.
 *
 * Looks at what is: who is wanted, who is connected. So nothing has to be told, and nothing is lost when it is not.
 */
import type { Random } from '../../actor/random.ts';
import { nextAttempt } from '../../mesh/peer/backoff.ts';
import { firstDial, nextDial } from './pacing.ts';

/** Dials of the cluster at once: records may name any number of nodes that are not there. */
export const DIALS = 16;

interface Member {
  /** Tries since it was last connected for long. */
  attempt: number;
  /** It is dialed then. */
  due: number;
  /** Since when it is connected; undefined while it is not. */
  since: number | undefined;
  /** It was connected: it goes before those that perhaps never were there. */
  proven: boolean;
  dialing: boolean;
}

export interface MemberState extends Readonly<Member> {
  readonly node: string;
}

export interface Situation {
  /** Our own name. */
  readonly us: string;
  readonly wanted: ReadonlySet<string>;
  readonly isConnected: (node: string) => boolean;
  readonly now: number;
  readonly random: Random;
}

export interface Plan {
  /** To be dialed now; `ended` is told of each. */
  readonly dial: readonly string[];
  /** When to look again, if nothing happens before; Infinity: then only. */
  readonly next: number;
}

export class Members {
  readonly #all = new Map<string, Member>();

  get size(): number {
    return this.#all.size;
  }

  /** All that are wanted, or were a moment ago. */
  *states(): Generator<MemberState> {
    for (const [node, { attempt, due, since, proven, dialing }] of this.#all)
      yield { node, attempt, due, since, proven, dialing };
  }

  /** Whoever dialed for us is no more. */
  begin(): void {
    for (const member of this.#all.values()) member.dialing = false;
  }

  isProven(node: string): boolean {
    return this.#all.get(node)?.proven === true;
  }

  look(situation: Situation): Plan {
    const { us, wanted, now, random } = situation;
    for (const name of wanted) {
      if (name === us || this.#all.has(name)) continue;
      const due = now + firstDial(us, name, random);
      this.#all.set(name, { attempt: 0, due, since: undefined, proven: false, dialing: false });
    }
    for (const [name, member] of this.#all) {
      this.#see(name, member, situation);
      if (!wanted.has(name)) this.#all.delete(name);
    }
    return this.#plan(now);
  }

  /** A dial is over, however it ended. */
  ended(node: string, { us, now, random }: Pick<Situation, 'us' | 'now' | 'random'>): void {
    const member = this.#all.get(node);
    if (member === undefined) return;
    member.dialing = false;
    member.due = now + nextDial(us, node, member.attempt++, random);
  }

  #see(name: string, member: Member, { us, isConnected, now, random }: Situation): void {
    if (isConnected(name)) {
      member.since ??= now;
      member.proven = true;
    } else if (member.since !== undefined) {
      member.attempt = nextAttempt(member.attempt, now - member.since);
      member.since = undefined;
      member.due = now + nextDial(us, name, member.attempt++, random);
    }
  }

  #plan(now: number): Plan {
    const absent = Array.from(this.#all).filter(([, member]) => member.since === undefined);
    const idle = absent.filter(([, { dialing }]) => !dialing);
    const room = DIALS - (absent.length - idle.length);
    const due = idle
      .filter((each) => each[1].due <= now)
      .toSorted(([, a], [, b]) => Number(b.proven) - Number(a.proven) || a.due - b.due)
      .slice(0, Math.max(0, room));
    for (const [, member] of due) member.dialing = true;
    const later = idle.filter(([, member]) => member.due > now).map(([, member]) => member.due);
    // those that are due and have no room wait for a dial to end
    const next = due.length < room ? Math.min(Infinity, ...later) : Infinity;
    return { dial: due.map(([name]) => name), next };
  }
}
