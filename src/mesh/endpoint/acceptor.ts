/**
 * What the mesh does with links that the endpoint accepts for it: each becomes a connection.
 */
import { startDynamicChild } from '../../otp/dynamic-supervisor.ts';
import type { Acceptor } from '../../transport/endpoint-server.ts';
import { CloseCode, type Protocol } from '../../transport/transport.ts';
import { acceptedCore, connectionSpec } from '../connection/connection.ts';
import { actor, type MeshContext } from '../context.ts';

/** ALPN of the mesh (DESIGN §8, QUIC). */
const MESH: Protocol = 'macula';

export const meshAcceptor = (context: MeshContext): readonly [Protocol, Acceptor] => [
  MESH,
  (link) => {
    const connections = actor(context, 'connections');
    if (connections === undefined || context.phase.closing) return CloseCode.shuttingDown;
    const core = acceptedCore(context, link);
    const spec = connectionSpec({ context, core, dial: undefined, watcher: undefined });
    const result = startDynamicChild(connections, spec);
    return !(result instanceof Promise) && result.tag === 'ok' ? core : CloseCode.shuttingDown;
  },
];
