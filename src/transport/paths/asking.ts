/**
 * Questions to the peer's addresses, and answers to its own: which may be asked, with a nonce of its own each.
 *
 * Pure: time and chance come in, keyed probes go out through the host (TRANSPORT §12).
 */
import type { Random } from '../../actor/random.ts';
import type { PhysicalAddress } from '../transport.ts';
import type { Candidate } from './candidate.ts';
import { NONCE_LENGTH, PathProof, PROBE_SIZE, type Probe } from './path-proof.ts';
import { patience, SEARCH_QUESTIONS, searchPause } from './schedule.ts';
import { SearchBudget } from './strangers.ts';
import { MAX_PATHS } from './table.ts';

/** Milliseconds between two questions to one source that nobody offered. */
export const ASK_AGAIN = 100;
/** Milliseconds per question to offered addresses, once a full round of them is used up. */
const SEARCH_PAUSE = 250;

export interface PathsHost {
  readonly random: Random;
  /** The id by which the peer knows the link, 20 bytes; undefined when nothing can be sent any more. */
  peerId(): Uint8Array | undefined;
  /** Sends a keyed probe. */
  probe(datagram: Uint8Array, to: PhysicalAddress): void;
}

export class Asking {
  readonly #host: PathsHost;
  readonly #search = new SearchBudget(MAX_PATHS * SEARCH_QUESTIONS, SEARCH_PAUSE);
  /** Undefined before the hello. */
  #proof: PathProof | undefined;

  constructor(host: PathsHost) {
    this.#host = host;
  }

  /** The seeds of both hellos are known. */
  get keyed(): boolean {
    return this.#proof !== undefined;
  }

  key(role: 'dialer' | 'acceptor', ours: Uint8Array, theirs: Uint8Array): void {
    this.#proof = new PathProof(role, ours, theirs);
  }

  /** What the peer said; undefined when it was not the peer. */
  read(datagram: Uint8Array): Probe | undefined {
    return this.#proof?.read(datagram);
  }

  /** Asks now. The answer is due when the patience with this path ends. */
  ask(candidate: Candidate, now: number): void {
    const nonce = this.#host.random.bytes(NONCE_LENGTH);
    candidate.ask(nonce, now);
    candidate.next = now + patience(candidate.rtt);
    this.#say('question', candidate, nonce);
  }

  answer(candidate: Candidate, nonce: Uint8Array): void {
    this.#say('answer', candidate, nonce);
  }

  /** Asks a source that may be a path, as often as its allowance permits. */
  challenge(source: Candidate, now: number): void {
    if (!this.keyed || now - source.asked < ASK_AGAIN || source.allowance < PROBE_SIZE) return;
    const { next } = source;
    this.ask(source, now);
    source.next = next;
  }

  /** One more question of a search: of an offered address within our budget, of any other within its allowance. */
  searchOn(candidate: Candidate, now: number): void {
    const may = candidate.invited ? this.#search.take(now) : candidate.allowance >= PROBE_SIZE;
    if (may) this.ask(candidate, now);
    else candidate.questions++;
    candidate.next = now + searchPause(candidate.questions);
  }

  #say(kind: Probe['kind'], to: Candidate, nonce: Uint8Array): void {
    const id = this.#host.peerId();
    if (id === undefined || this.#proof === undefined) return;
    to.allowance -= PROBE_SIZE;
    this.#host.probe(this.#proof.write(kind, id, nonce), to.address);
  }
}
