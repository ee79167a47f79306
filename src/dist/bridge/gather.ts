/**
 * Hands on what a local node says, as `pipe` does, but small pieces that come fast together (`pace.ts`).
 *
 * What waits has to leave within a millisecond or two, is less than a parcel, and goes before the end.
 */
import { Buffer } from 'node:buffer';
import type { Duplex } from 'node:stream';
import type { Clock, TimerId } from '../../actor/clock.ts';
import { nursery } from '../../transport/nursery.ts';
import { Pace, PARCEL, PATIENCE } from './pace.ts';

export function gather(from: Duplex, to: Duplex, clock: Clock): void {
  new Gathering(from, to, clock).begin();
}

class Gathering {
  readonly #from: Duplex;
  readonly #to: Duplex;
  readonly #clock: Clock;
  readonly #pace = new Pace();
  #waiting: Uint8Array[] = [];
  #length = 0;
  #deadline: TimerId | undefined;

  constructor(from: Duplex, to: Duplex, clock: Clock) {
    this.#from = from;
    this.#to = to;
    this.#clock = clock;
  }

  begin(): void {
    this.#from.on('data', this.#came);
    this.#from.on('end', this.#ended);
    this.#to.on('drain', this.#drained);
    this.#to.once('close', this.#gone);
    if (!this.#to.writableNeedDrain) this.#from.resume();
  }

  readonly #came = (bytes: Buffer): void => {
    nursery.received(bytes.length);
    this.#pace.came(bytes.length, this.#clock.now());
    this.#waiting.push(bytes);
    this.#length += bytes.length;
    if (this.#length >= PARCEL || !this.#pace.fast) this.#send();
    else this.#deadline ??= this.#clock.setTimer(PATIENCE, this.#tick);
  };

  /** While parcels leave when they are full it goes on, rather than be set for each of them. */
  readonly #tick = (): void => {
    this.#deadline = undefined;
    this.#send();
  };

  #send(): void {
    const [first] = this.#waiting;
    if (first === undefined) return;
    const bytes = this.#waiting.length === 1 ? first : Buffer.concat(this.#waiting, this.#length);
    this.#waiting = [];
    this.#length = 0;
    if (!this.#to.write(bytes)) this.#from.pause();
  }

  readonly #drained = (): void => {
    this.#from.resume();
  };

  readonly #ended = (): void => {
    this.#stopWaiting();
    this.#send();
    this.#to.end();
  };

  /** Nobody takes anything any more; what still comes is not ours. */
  readonly #gone = (): void => {
    this.#stopWaiting();
    this.#waiting = [];
    this.#from.off('data', this.#came);
    this.#from.off('end', this.#ended);
  };

  #stopWaiting(): void {
    if (this.#deadline !== undefined) this.#clock.clear(this.#deadline);
    this.#deadline = undefined;
  }
}
