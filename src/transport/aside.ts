/**
 * Another socket beside the endpoint's own, opened when first wanted: for what must not come from the known port, as
 * the datagrams of a dial-back (SPEC §8.2). It dials and accepts nothing. Owned by the endpoint's actor.
 */
import type { Aside, Endpoint } from './transport.ts';

type Then = Parameters<Aside['open']>[0];

export class AsideSocket implements Aside {
  readonly #make: () => Promise<Endpoint>;
  #state: 'none' | 'opening' | 'open' | 'over' = 'none';
  #socket: Endpoint | undefined;
  #waiting: Then[] = [];

  constructor(make: () => Promise<Endpoint>) {
    this.#make = make;
  }

  open(then: Then): void {
    if (this.#state === 'open' || this.#state === 'over') {
      then(this.#socket);
      return;
    }
    this.#waiting.push(then);
    if (this.#state === 'opening') return;
    this.#state = 'opening';
    // a socket that cannot be had is no fault: it is wanted again with the next question
    this.#make().then(
      (socket) => this.#opened(socket),
      () => this.#opened(undefined),
    );
  }

  destroy(): void {
    this.#state = 'over';
    this.#socket?.destroy();
    this.#socket = undefined;
    this.#tell();
  }

  #opened(socket: Endpoint | undefined): void {
    if (this.#state === 'over') {
      socket?.destroy();
      return;
    }
    this.#state = socket === undefined ? 'none' : 'open';
    this.#socket = socket;
    this.#tell();
  }

  #tell(): void {
    for (const then of this.#waiting.splice(0)) then(this.#socket);
  }
}
