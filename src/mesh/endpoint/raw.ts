/**
 * Who receives the endpoint's datagrams that are not QUIC, by their first byte.
 *
 * `Endpoint.onRaw` has one receiver; this is it, one per endpoint, made when first wanted. A new endpoint has a new one:
 * whoever registers does so again after a restart. First bytes have bit 0x40 clear (TRANSPORT §12); 0x01 and 0x02
 * (relayed packets, path probes) never come here, the endpoint takes them itself.
 */
import type { Endpoint, PhysicalAddress } from '../../transport/transport.ts';

/** `bytes` is lent for the duration of the call. */
export type RawReceiver = (from: PhysicalAddress, bytes: Uint8Array) => void;

export class RawDispatcher {
  readonly #receivers = new Map<number, RawReceiver>();

  /** The newest registration of a first byte counts. Gives what ends it, which leaves a newer one alone. */
  register(first: number, receiver: RawReceiver): () => void {
    this.#receivers.set(first, receiver);
    return () => {
      if (this.#receivers.get(first) === receiver) this.#receivers.delete(first);
    };
  }

  receive(from: PhysicalAddress, bytes: Uint8Array): void {
    const [first] = bytes;
    if (first !== undefined) this.#receivers.get(first)?.(from, bytes);
  }
}

const dispatchers = new WeakMap<Endpoint, RawDispatcher>();

/** The dispatcher of an endpoint. */
export function rawOf(endpoint: Endpoint): RawDispatcher {
  let dispatcher = dispatchers.get(endpoint);
  if (dispatcher === undefined) {
    const made = (dispatcher = new RawDispatcher());
    dispatchers.set(endpoint, made);
    endpoint.onRaw = (from, bytes) => {
      made.receive(from, bytes);
    };
  }
  return dispatcher;
}
