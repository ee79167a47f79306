/**
 * One address at which the peer of a link may be, and what was asked there. Pure.
 *
 * It is *proven* when the peer answered a challenge at exactly this address: by the Retry token, or by a keyed probe.
 * Nonces are single use, and only so many are remembered (TRANSPORT §12).
 */
import { Buffer } from 'node:buffer';

import type { Path, PathKind, PhysicalAddress } from '../transport.ts';
import { wayOf, type Way } from '../way.ts';

/** Bytes sent to an unproven address per byte received from it (RFC 9000 §8.1). */
export const AMPLIFICATION = 3;

/** Questions without answer that are remembered. */
const MAX_QUESTIONS = 32;

/** Share of a new sample in the smoothed round trip: samples are few. */
const RTT_SHARE = 1 / 4;

/**
 * `first`: what was dialed, or where the dialer came from. `offered`: by the link's owner, or a source that showed up
 * while offers were tried. `found`: a source nobody spoke of, which may only take over from a path that is silent.
 */
export type Origin = 'first' | 'offered' | 'found';

/**
 * `idle`: a source that is not asked by itself. `searching`: asked a bounded number of times. `good`: proven.
 * `dead`: was proven and answers no more.
 */
export type Health = 'idle' | 'searching' | 'good' | 'dead';

interface Question {
  readonly nonce: Uint8Array;
  readonly at: number;
}

export class Candidate {
  origin: Origin;
  health: Health = 'idle';
  readonly address: PhysicalAddress;
  /** When the last datagram came from here. */
  heard: number;
  /** Bytes that may still be sent here; infinite when proven. */
  allowance = 0;
  /** Smoothed, ms; undefined before the first answer. */
  rtt: number | undefined;
  /** Clock time of the next question or verdict; infinite when none is planned. */
  next: number = Infinity;
  /** Clock times of the last question and of the last answer. */
  asked: number = -Infinity;
  answeredAt: number = -Infinity;
  /** Questions in the present search, or since it died. */
  questions = 0;
  /** Questions in a row that were not answered in time. */
  misses = 0;
  /** How often it died lately, and since when it has been used without. */
  deaths = 0;
  usedSince: number = Infinity;
  /** The link's owner knows of it: it may be asked without having sent anything. */
  invited: boolean;
  /** Not to be used any more, once there is another. */
  withdrawn = false;
  #kind: PathKind;
  readonly #way: Way;
  #open: Question[] = [];

  constructor(kind: PathKind, origin: Origin, address: PhysicalAddress, now: number) {
    this.#kind = kind;
    this.#way = wayOf(address);
    this.origin = origin;
    this.address = address;
    this.heard = now;
    this.invited = origin !== 'found';
  }

  /** What is behind a relay is relayed, whatever it was taken for. */
  get kind(): PathKind {
    return this.#way === 'relay' ? 'relayed' : this.#kind;
  }

  set kind(kind: PathKind) {
    this.#kind = kind;
  }

  /** The peer has answered from here, if perhaps not lately. */
  get proven(): boolean {
    return this.allowance === Infinity;
  }

  /** May be sent to whenever it is chosen. */
  get usable(): boolean {
    return this.health === 'good' && this.origin !== 'found' && !this.withdrawn;
  }

  /** What carries no UDP all the way comes after what does. */
  get rank(): number {
    return this.#way === 'udp' ? 0 : 1;
  }

  /** Nothing was answered since the last question. */
  get waiting(): boolean {
    return this.asked > this.answeredAt;
  }

  isAt(host: string, port: number): boolean {
    return this.address.port === port && this.address.host === host;
  }

  /** Whether an answer may come from here. */
  get awaits(): boolean {
    return this.#open.length > 0;
  }

  came(bytes: number, now: number): void {
    this.heard = now;
    this.allowance += AMPLIFICATION * bytes;
  }

  /** It is to be asked a bounded number of times, from now on. */
  search(now: number): void {
    this.health = 'searching';
    this.questions = 0;
    this.next = now;
  }

  /** A question with this nonce is sent. */
  ask(nonce: Uint8Array, now: number): void {
    this.asked = now;
    this.questions++;
    if (this.#open.push({ nonce, at: now }) > MAX_QUESTIONS) this.#open.shift();
  }

  /** An answer came from here. True when it was to a question of ours; that one is used up. */
  answered(nonce: Uint8Array, now: number): boolean {
    const index = this.#open.findIndex((question) => Buffer.compare(question.nonce, nonce) === 0);
    const question = this.#open[index];
    if (question === undefined) return false;
    this.#open.splice(index, 1);
    const sample = now - question.at;
    this.rtt = this.rtt === undefined ? sample : this.rtt + (sample - this.rtt) * RTT_SHARE;
    this.answeredAt = now;
    this.misses = 0;
    this.prove();
    return true;
  }

  /** The peer is there. */
  prove(): void {
    this.health = 'good';
    this.questions = 0;
    this.allowance = Infinity;
  }

  seenFrom(active: Candidate): Path {
    const { kind, address, rtt } = this;
    return { kind, address, active: this === active, proven: this.health === 'good', rtt };
  }
}
