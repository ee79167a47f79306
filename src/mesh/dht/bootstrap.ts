/**
 * Whom a node dials when it knows nobody: its bootstraps, and contacts it has lost.
 *
 * Names are resolved anew for each try, since what stands behind them moves; one that cannot be resolved is a
 * bootstrap that does not answer. All are dialed at once, the first answer is enough.
 */
import { isIP } from 'node:net';
import { seconds } from '../../actor/clock.ts';
import type { Process } from '../../actor/process.ts';
import { shared, type MeshContext } from '../context.ts';
import { parseAddress } from '../peer/endpoint-text.ts';
import type { PeerTarget } from '../peer/peer-target.ts';
import type { HostPort } from '../url.ts';
import { ask } from './ask.ts';
import type { Contact } from './contact.ts';
import { fromHex } from './node-id.ts';

/** Gives the numeric addresses of a host name, without brackets. May reject. */
export type Resolve = (host: string) => Promise<readonly string[]>;

export interface Bootstraps {
  readonly hosts: readonly HostPort[];
  readonly resolve: Resolve;
}

/** Milliseconds for one of them: a handshake over a bad line, not more. */
const DIAL_TIMEOUT = seconds(5);

/** Who it was that answered, or whether whoever is there refuses us. */
export interface Dialed {
  /** What it was dialed by: its host, which may be a name, and port. */
  readonly at: string;
  readonly answered: readonly Contact[];
  readonly refused: boolean;
}

export interface Dialable extends Bootstraps {
  readonly lost: readonly Contact[];
  /** Addresses of those we have. */
  readonly known: ReadonlySet<string>;
  /** Whether whoever is there has refused us. */
  readonly refuses: (at: string) => boolean;
}

/**
 * Asks each of them for a sign of life, but those with an address that is known or refuses us; `told` hears, in the
 * turn of `self`, how it ended for each one.
 */
export function dialAll(
  context: MeshContext,
  self: Process,
  all: Dialable,
  told: (dialed: Dialed) => void,
): void {
  const { lost, known, refuses, resolve } = all;
  const nobody = (at: string, refused = false): void => {
    told({ at, answered: [], refused });
  };
  const ping = (at: string, target: PeerTarget): void => {
    ask(context, self, target, { type: 'ping' }, DIAL_TIMEOUT, {
      told: (answer) => {
        if (answer.ok) told({ at, answered: connected(context, target), refused: false });
        else nobody(at, answer.blame === 'refused');
      },
    });
  };
  for (const { nodeId, address } of lost) {
    if (refuses(address)) nobody(address, true);
    else ping(address, { nodeId, addresses: [address] });
  }
  for (const { host, port } of others(context, all)) {
    const at = addressOf(bare(host), port);
    if (refuses(at)) {
      nobody(at, true);
      continue;
    }
    const found = (hosts: readonly string[]): void => {
      const addresses = hosts.map((each) => addressOf(each, port)).filter((each) => each !== own(context));
      if (addresses.length === 0 || addresses.some((each) => known.has(each))) nobody(at);
      // it may be our station too, and UDP blocked: whoever asks first dials for both
      else ping(at, { nodeId: undefined, addresses, station: true });
    };
    if (isNumeric(host)) {
      found([bare(host)]);
      continue;
    }
    resolve(bare(host)).then(
      (hosts) => self.runtime.work(self, () => found(hosts)),
      () => self.runtime.work(self, () => nobody(at)),
    );
  }
}

/**
 * The bootstraps that are not ourselves, as far as that can be seen: one list for all nodes names each to itself too.
 */
export const others = (context: MeshContext, { hosts }: Bootstraps): readonly HostPort[] =>
  hosts.filter(({ host, port }) => !isNumeric(host) || addressOf(bare(host), port) !== own(context));

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1');
const isNumeric = (host: string): boolean => isIP(bare(host)) !== 0;

/**
 * Who has answered, if it takes part in the DHT: a connection that was there before does not introduce itself again.
 */
function connected(context: MeshContext, { nodeId, addresses }: PeerTarget): readonly Contact[] {
  const found: Contact[] = [];
  for (const peer of shared(context, 'peerPool')?.list() ?? []) {
    // where it is dialed, wherever its packets go
    const { address = '' } = context.standings.ready(peer.nodeId, false) ?? {};
    const isAsked = nodeId === undefined ? addresses.includes(address) : peer.nodeId === nodeId;
    const id = isAsked && peer.dht && parseAddress(address) !== undefined ? fromHex(peer.nodeId) : undefined;
    if (id !== undefined) found.push({ id, nodeId: peer.nodeId, address });
  }
  return found;
}

function own(context: MeshContext): string | undefined {
  const local = shared(context, 'endpoint')?.local;
  return local === undefined ? undefined : addressOf(local.host, local.port);
}

const addressOf = (host: string, port: number): string =>
  host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
