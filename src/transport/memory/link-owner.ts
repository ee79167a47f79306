/** What a simulated link needs from its endpoint. */
import type { Identity } from '../../identity/identity.ts';
import type { CertificateCache } from '../../identity/verdict.ts';
import type { Random } from '../../actor/random.ts';
import type { CloseCode, Link, LinkEvents, PhysicalAddress } from '../transport.ts';
import type { EventQueue } from './event-queue.ts';
import type { Attached } from './fabric.ts';
import type { MemoryLink } from './link.ts';
import type { Limits } from '../limits.ts';
import type { Packet, Parameters } from './packet.ts';

export interface LinkOwner {
  readonly queue: EventQueue;
  readonly random: Random;
  /** The socket. */
  readonly at: Attached;
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
  opened(link: MemoryLink): void;
  /** The hello was accepted. */
  admitted(link: MemoryLink): void;
  /** Nothing of it is left. */
  forget(link: MemoryLink): void;
  sent(packet: Packet): void;
  received(packet: Packet): void;
  /** Calls `receive` with bytes that are valid during the call only. Throws what it throws. */
  lend(bytes: Uint8Array, receive: (bytes: Uint8Array) => void): void;
  /** Whether something can be sent there from here. */
  reaches(address: PhysicalAddress): boolean;
  /** Sends a datagram that is no packet of a link, wrapped when `to` is a relayed address. */
  sendWrapped(to: PhysicalAddress, bytes: Uint8Array): void;
  log(line: string): void;
}
