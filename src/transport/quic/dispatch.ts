/**
 * From a datagram to the link, the raw receiver or the greeter it is for (TRANSPORT §3).
 *
 * Our connection ids have a fixed length, so that a short header is looked up without parsing. Nothing here
 * throws, whatever the bytes; what nobody wants is counted by reason.
 */
import type { Clock } from '../../actor/clock.ts';
import type { PhysicalAddress } from '../transport.ts';
import type { NativeHeader, Quiche } from './binding.ts';
import { probedId } from '../paths/path-proof.ts';
import { RELAYED, RELAY_OVERHEAD } from '../way.ts';
import type { Source } from './early.ts';
import { goneHint, goneId } from './gone-hint.ts';
import { FIXED_BIT, LONG_HEADER, type Greeter } from './greeter.ts';
import type { LinkRegistry } from './link-registry.ts';
import type { QuicLink } from './link.ts';
import { ID_LENGTH } from './retry-token.ts';

/** What the dispatcher needs from its endpoint. */
export interface DispatchHost {
  readonly clock: Clock;
  readonly quiche: Quiche;
  readonly onRaw: ((from: PhysicalAddress, bytes: Uint8Array) => void) | undefined;
  /** Whether dialers from there are let in. */
  accepts(host: string): boolean;
  /** A relayed datagram came. */
  relayed(datagram: Buffer, from: Source): void;
  /** Starts an inbound link under the id its dialer uses. */
  accept(id: Uint8Array, originalId: Uint8Array, from: PhysicalAddress): QuicLink;
  drop(reason: string): void;
  /** Tells a sender that its link is not known here, unless too many were told. */
  hint(to: PhysicalAddress, bytes: Uint8Array): void;
}

export class Dispatcher {
  readonly #host: DispatchHost;
  readonly #registry: LinkRegistry;
  readonly #greeter: Greeter;

  constructor(host: DispatchHost, registry: LinkRegistry, greeter: Greeter) {
    this.#host = host;
    this.#registry = registry;
    this.#greeter = greeter;
  }

  receive(datagram: Buffer, from: Source): void {
    const first = datagram[0];
    if (first === undefined) return;
    if (first === RELAYED && datagram.length > RELAY_OVERHEAD) this.#host.relayed(datagram, from);
    else if ((first & FIXED_BIT) === 0) this.#receiveRaw(datagram, { host: from.address, port: from.port });
    else if ((first & LONG_HEADER) !== 0)
      this.#receiveLong(datagram, { host: from.address, port: from.port });
    else {
      const link = this.#registry.find(datagram.toString('latin1', 1, 1 + ID_LENGTH));
      if (link === undefined) this.#receiveUnknown(datagram, { host: from.address, port: from.port });
      else link.receive(datagram, from.address, from.port);
    }
  }

  /** As long as nobody else answers, its sender believes that we still know it. */
  #receiveUnknown(datagram: Buffer, from: PhysicalAddress): void {
    this.#host.drop('unknown_connection');
    const hint = goneHint(datagram);
    if (hint !== undefined) this.#host.hint(from, hint);
  }

  #receiveRaw(datagram: Buffer, from: PhysicalAddress): void {
    const id = probedId(datagram);
    if (id !== undefined) {
      const probed = this.#registry.find(id);
      if (probed === undefined) this.#host.drop('probe');
      else probed.probed(datagram, from.host, from.port);
      return;
    }
    const gone = goneId(datagram);
    if (gone !== undefined) {
      const doubted = this.#registry.dialed(gone);
      if (doubted === undefined) this.#host.drop('raw');
      else doubted.doubted(from.host, from.port);
      return;
    }
    const { onRaw } = this.#host;
    if (onRaw === undefined) {
      this.#host.drop('raw');
      return;
    }
    try {
      onRaw(from, datagram);
    } catch {
      this.#host.drop('raw_receiver_failed');
    }
  }

  #receiveLong(datagram: Buffer, from: PhysicalAddress): void {
    const { quiche } = this.#host;
    const accepting = this.#host.accepts(from.host);
    try {
      if (!quiche.versionIsSupported(datagram.readUInt32BE(1))) {
        this.#host.drop('unknown_version');
        if (accepting) this.#greeter.negotiate(datagram, from);
        return;
      }
      const header = quiche.Header.fromSlice(datagram, ID_LENGTH);
      const link = this.#registry.find(Buffer.from(header.dcid).toString('latin1'));
      if (link !== undefined) link.receive(datagram, from.host, from.port);
      else if (accepting) this.#receiveStranger(datagram, header, from);
      else this.#host.drop('not_accepting');
    } catch {
      this.#host.drop('unparsable');
    }
  }

  #receiveStranger(datagram: Buffer, header: NativeHeader, from: PhysicalAddress): void {
    const refusal = this.#registry.refusal(from.host, this.#host.clock.now());
    if (refusal !== undefined) {
      this.#host.drop(refusal);
      return;
    }
    const greeting = this.#greeter.greet(datagram, header, from);
    if (greeting.tag === 'dropped') this.#host.drop(greeting.reason);
    else if (greeting.tag === 'welcome')
      this.#host.accept(greeting.id, greeting.originalId, from).receive(datagram, from.host, from.port);
  }
}
