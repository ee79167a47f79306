/** What a simulated link needs from its endpoint. */
import type { Identity } from '../../identity/identity.ts';
import type { CertificateCache } from '../../identity/verdict.ts';
import type { CloseCode, Link, LinkEvents } from '../transport.ts';
import type { EventQueue } from './event-queue.ts';
import type { Limits } from '../limits.ts';
import type { Packet, Parameters } from './packet.ts';

export interface LinkOwner {
  readonly queue: EventQueue;
  readonly limits: Limits;
  readonly identity: Identity;
  readonly cache: CertificateCache;
  /** What the endpoint announces in handshakes. */
  readonly parameters: Parameters;
  /** Unix milliseconds, for the verdict. */
  wall(): number;
  /** A peer's link was verified: who receives it, or the code that closes it. Never throws. */
  admit(link: Link): LinkEvents | CloseCode;
  /** The handshake is over. */
  opened(link: Link): void;
  /** The hello was accepted. */
  admitted(link: Link): void;
  /** Nothing of it is left. */
  forget(link: Link): void;
  sent(packet: Packet): void;
  received(packet: Packet): void;
  /** Calls `receive` with bytes that are valid during the call only. Throws what it throws. */
  lend(bytes: Uint8Array, receive: (bytes: Uint8Array) => void): void;
  log(line: string): void;
}
