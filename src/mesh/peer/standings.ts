/**
 * Connections whose peer has proven who it is, from then until their end, by peer.
 *
 * Each connection writes its own entry, at once and without a message: two hellos of one moment must see each
 * other. It outlives the peer pool like an ETS table with an heir.
 */
import type { Process } from '../../actor/process.ts';

export interface Standing {
  readonly process: Process;
  readonly peerId: string;
  /** We dialed it. */
  readonly dialed: boolean;
  /** Of the peer's process, when it said so: it does to whom it dials. */
  epoch: Uint8Array | undefined;
  /** Our hello has left. */
  greeted: boolean;
  /** When the hello was accepted, clock ms. */
  readySince: number | undefined;
  /** Calls on it are unanswered and so are questions; it may be lost. */
  doubtful: boolean;
  /** Ends it because another took its place. `by`: the epoch of who dialed that one, hex. */
  replace(by: string): void;
}

const NONE: ReadonlySet<Standing> = new Set();

export class Standings {
  readonly #byPeer = new Map<string, Set<Standing>>();
  readonly #byProcess = new Map<Process, Standing>();

  get size(): number {
    return this.#byProcess.size;
  }

  of(peerId: string): ReadonlySet<Standing> {
    return this.#byPeer.get(peerId) ?? NONE;
  }

  find(process: Process): Standing | undefined {
    return this.#byProcess.get(process);
  }

  add(standing: Standing): void {
    const { peerId, process } = standing;
    const others = this.#byPeer.get(peerId);
    if (others === undefined) this.#byPeer.set(peerId, new Set([standing]));
    else others.add(standing);
    this.#byProcess.set(process, standing);
  }

  remove(process: Process): void {
    const standing = this.#byProcess.get(process);
    if (standing === undefined) return;
    this.#byProcess.delete(process);
    const others = this.#byPeer.get(standing.peerId);
    others?.delete(standing);
    if (others?.size === 0) this.#byPeer.delete(standing.peerId);
  }

  /** Whether we have a connection to this peer, other than `process`, that we trust. */
  have(peerId: string, process: Process): boolean {
    for (const { process: other, readySince, doubtful } of this.of(peerId)) {
      if (other !== process && readySince !== undefined && !doubtful) return true;
    }
    return false;
  }
}
