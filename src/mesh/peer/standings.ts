/**
 * Connections whose peer has proven who it is, from then until their end, by peer.
 *
 * Each connection writes its own entry, at once and without a message: two hellos of one moment must see each
 * other. It outlives the peer pool like an ETS table with an heir.
 */
import type { Process } from '../../actor/process.ts';
import type { NatClass } from '../nat/taxonomy.ts';
import { isDirect, isRelayed } from '../nat/traversal/peer-paths.ts';
import type { FrameType } from '../../codec/frame-type.ts';
import type { PayloadOf } from '../../codec/payloads.ts';
import type { Link } from '../../transport/transport.ts';

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
  /** One of both sides has said goodbye: nothing new begins on it. */
  leaving: boolean;
  /** The peer listens and has clients of its own, as its hello said; a client is none. */
  isNode: boolean;
  /** It takes part in the DHT. */
  dht: boolean;
  /** It relays for others, as its hello said. */
  isStation: boolean;
  /** What it says of its NAT; undefined: nothing. */
  nat: NatClass | undefined;
  /** When its offer of addresses was last looked at, clock ms. */
  offeredAt: number;
  /** Somebody here wants to keep it, used or not. */
  kept: boolean;
  /** `host:port` at which it was reached, or from where it came: for a node the same socket. */
  readonly address: string;
  /** When a call or a question was last sent on it, or came from it, clock ms. */
  usedAt: number;
  /** Whether nothing is in flight on it, in either direction. */
  readonly idle: () => boolean;
  /** Calls and questions without an answer, in both directions. */
  readonly inFlight: () => number;
  /** Smoothed round trip in ms, 0 when unknown. */
  readonly rtt: () => number;
  /** What it runs on; undefined once it has ended. */
  readonly link: () => Link | undefined;
  /** Writes a frame to the control stream; false when it cannot be encoded or nobody listens any more. */
  readonly say: <T extends FrameType>(type: T, payload: PayloadOf<T>) => boolean;
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

  all(): Iterable<Standing> {
    return this.#byProcess.values();
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

  /**
   * Whether we have a connection to this peer, other than `process`, that we trust, and would keep: one through a station goes
   * when there is one without.
   */
  have(peerId: string, process: Process): boolean {
    const direct = isDirect(this.find(process)?.link());
    for (const standing of this.of(peerId)) {
      if (standing.process === process || !isTrusted(standing)) continue;
      if (!direct || !isRelayed(standing.link())) return true;
    }
    return false;
  }

  /** The connection to this peer for something new: one that we trust, or else, when wanted, one that is there. */
  ready(peerId: string, trusted = true): Standing | undefined {
    let other: Standing | undefined;
    for (const standing of this.of(peerId)) {
      if (isTrusted(standing)) return standing;
      if (standing.readySince !== undefined && standing.process.alive && !standing.leaving) other = standing;
    }
    return trusted ? undefined : other;
  }
}

const isTrusted = ({ readySince, doubtful, leaving, process }: Standing): boolean =>
  readySince !== undefined && !doubtful && !leaving && process.alive;
