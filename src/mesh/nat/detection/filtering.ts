/**
 * What a NAT lets in, by the datagrams of a dial-back that arrived. Pure.
 *
 * Nothing is concluded from what was not sent, nor from silence when not even the datagram from the asked socket arrived:
 * then such datagrams do not get here at all. What arrived is a fact; silence is one of three copies, beside one
 * that arrived. Source: SPEC §8.2, RFC 4787 §5.
 */
import type { PhysicalAddress } from '../../../transport/transport.ts';
import { OTHER_HOST, OTHER_PORT, SAME_SOCKET, type EchoKind } from './echo.ts';
import type { Filtering } from '../taxonomy.ts';

export interface DialBack {
  /** As whoever was asked says. */
  readonly sent: ReadonlySet<EchoKind>;
  /** As it was seen here. */
  readonly arrived: ReadonlySet<EchoKind>;
}

/** From where an echo came: what it proves, whatever it says of itself. Undefined: nothing. */
export function originOf(
  from: PhysicalAddress,
  asked: PhysicalAddress,
  contacted: (host: string) => boolean,
): EchoKind | undefined {
  if (from.host === asked.host) return from.port === asked.port ? SAME_SOCKET : OTHER_PORT;
  // whom we have sent to may answer through most NATs
  return contacted(from.host) ? undefined : OTHER_HOST;
}

export function filteringOf({ sent, arrived }: DialBack): Filtering {
  if (arrived.has(OTHER_HOST)) return 'ei';
  if (arrived.has(OTHER_PORT)) return sent.has(OTHER_HOST) ? 'hd' : 'unknown';
  return sent.has(OTHER_PORT) && arrived.has(SAME_SOCKET) ? 'pd' : 'unknown';
}

/** Why `filteringOf` says `unknown`. */
export function whyUnknown({ sent, arrived }: DialBack): string {
  if (arrived.has(OTHER_PORT))
    return 'other ports of a known host get in; no station could ask a host that was not sent to';
  if (sent.size === 0) return 'no station was there to send something back';
  if (!arrived.has(SAME_SOCKET))
    return 'nothing that the station sent back arrived, not even from its own port';
  return 'the station has no other port to send from';
}

/** The same NAT measured twice: what was let in once is let in, a loss may have hidden it the other time. */
export const mostOpen = (all: readonly Filtering[]): Filtering =>
  (['ei', 'hd', 'pd'] as const).find((filtering) => all.includes(filtering)) ?? 'unknown';
