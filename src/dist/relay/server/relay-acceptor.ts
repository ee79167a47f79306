/**
 * What a dist relay does with a connection: it becomes a client.
 */
import { startDynamicChild } from '../../../otp/dynamic-supervisor.ts';
import { worker } from '../../../otp/supervisor.ts';
import type { Process } from '../../../actor/process.ts';
import type { Acceptor } from '../../../transport/endpoint-server.ts';
import { CloseCode, type Protocol } from '../../../transport/transport.ts';
import type { RelayContext } from './relay-context.ts';
import { Session } from './session.ts';
import { sessionServer } from './session-server.ts';

const PROTOCOL: Protocol = 'macula-dist';

export const relayAcceptor = (context: RelayContext): readonly [Protocol, Acceptor] => [
  PROTOCOL,
  (link) => {
    const clients = context.scope.whereis('clients') as Process | undefined;
    if (clients === undefined) return CloseCode.shuttingDown;
    const session = new Session(context, link);
    const spec = worker('client', sessionServer, session, { restart: 'temporary' });
    const result = startDynamicChild(clients, spec);
    return !(result instanceof Promise) && result.tag === 'ok' ? session : CloseCode.shuttingDown;
  },
];
