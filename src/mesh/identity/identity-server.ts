/**
 * Holds the node's identity: loaded or made once, shared with whoever proves it. No I/O after its start.
 */
import type { Process } from '../../actor/process.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import { noReply, reply } from '../../otp/result.ts';
import type { Identity } from '../../identity/identity.ts';
import type { NameScope } from '../../actor/names.ts';

export interface IdentityArgs {
  readonly scope: NameScope;
  readonly identity: Identity;
}

export interface IdentityCalls {
  nodeId(): Uint8Array;
}

export const identityServer: GenServer<IdentityArgs, Identity, IdentityCalls> = {
  label: 'identity',
  init: ({ scope, identity }, self) => {
    scope.share('identity', self as Process, identity);
    return identity;
  },
  handleCall: { nodeId: (_none, identity) => reply(identity.nodeId, identity) },
  handleInfo: (_message, identity) => noReply(identity),
};
