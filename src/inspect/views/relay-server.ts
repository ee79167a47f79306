/**
 * The view `relay` of a dist relay: who is known by which name, what passes, and how much of what it allows is used.
 */
import type { Process } from '../../actor/process.ts';
import { childrenOf } from '../../actor/tree.ts';
import type { Limits } from '../../dist/relay/server/limits.ts';
import type { RelayContext } from '../../dist/relay/server/relay-context.ts';
import type { Session } from '../../dist/relay/server/session.ts';
import type { Tunnel } from '../../dist/relay/server/tunnel.ts';
import { counted, fine, listed, ms, nodeId, since, text, type NodeId, type Rows } from './plain.ts';

/** Rows of a list. */
const ROWS = 200;

export interface RelayServerView {
  readonly server: RelayServerFigures;
}

export interface RelayServerFigures {
  /** Null: it serves whoever comes. */
  readonly realm: string | null;
  /** Clients have to show a membership. */
  readonly closed: boolean;
  /** Clients with a name, and connections that have not said one yet. */
  readonly identified: number;
  readonly strangers: number;
  /** Tunnels, and the bytes that have passed in them and in those that are over. */
  readonly open: number;
  readonly bytes: number;
  /** Control frames that made no sense. */
  readonly skipped: number;
  readonly limits: Limits;
  readonly clients: Rows<ClientRow>;
  readonly tunnels: Rows<RelayTunnelRow>;
}

export interface ClientRow {
  readonly name: string;
  readonly address: string;
  /** Of its key; its id is empty: it has proven none. */
  readonly key: NodeId;
  /** A client of this project. */
  readonly ours: boolean;
  readonly tunnels: number;
  /** Bytes that it has sent into tunnels. */
  readonly sent: number;
  /** ms that it is held back, because it has used up its rate. */
  readonly held: number | null;
  /** ms of its round trip, and since it is connected. */
  readonly rtt: number | null;
  readonly age: number | null;
}

export interface RelayTunnelRow {
  readonly id: string;
  /** Names of who asked for it and who was asked for. */
  readonly source: string;
  readonly target: string;
  /** Bytes from the one, and from the other. */
  readonly sent: number;
  readonly received: number;
  readonly age: number | null;
}

/** @param most rows of each list. */
export function relayServerView(context: RelayContext, most: number = ROWS): RelayServerView {
  const { roster, counts, limits, realm, closed, scope } = context;
  const clients = scope.whereis('clients') as Process | undefined;
  let connected = 0;
  if (clients !== undefined) for (const _each of childrenOf(clients)) connected++;
  let bytes = 0;
  for (const tunnel of tunnelsOf(context)) bytes += tunnel.bytes;
  return {
    server: {
      realm: realm === undefined ? null : text(realm),
      closed: closed !== undefined,
      identified: roster.size,
      strangers: Math.max(0, connected - roster.size),
      open: counts.tunnels,
      bytes: counts.bytes + bytes,
      skipped: counts.skipped,
      limits: { ...limits },
      clients: listed(roster.holders(), roster.size, most, (session) => clientRow(context, session)),
      tunnels: counted(tunnelsOf(context), most, (tunnel) => tunnelRow(context, tunnel)),
    },
  };
}

/** Each once: both ends have it in their books. */
function* tunnelsOf({ roster }: RelayContext): Generator<Tunnel> {
  for (const session of roster.holders())
    for (const tunnel of session.tunnels.values()) if (tunnel.source === session.name) yield tunnel;
}

function clientRow({ runtime }: RelayContext, session: Session): ClientRow {
  const { name = '', tunnels, link, rates, passed } = session;
  let sent = passed;
  for (const tunnel of tunnels.values()) sent += tunnel.sent(tunnel.source === name ? 'source' : 'target');
  const now = runtime.clock.now();
  const held = Math.max(...rates.map((bucket) => bucket.wait(now)));
  const { rtt } = link.stats();
  return {
    name: text(name),
    address: text(session.address),
    key: nodeId(session.key ?? ''),
    ours: session.isOurs,
    tunnels: tunnels.size,
    sent,
    held: held > 0 ? ms(held) : null,
    rtt: fine(rtt === 0 ? undefined : rtt),
    age: since(runtime, session.since),
  };
}

const tunnelRow = ({ runtime }: RelayContext, tunnel: Tunnel): RelayTunnelRow => ({
  id: text(tunnel.id),
  source: text(tunnel.source),
  target: text(tunnel.target),
  sent: tunnel.sent('source'),
  received: tunnel.sent('target'),
  age: since(runtime, tunnel.since),
});
