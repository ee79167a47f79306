/**
 * The durable intent: what this node's users asked for, replayed into whatever restarts.
 *
 * No I/O. Supervised early by the root (nothing it depends on fails); a crash loses what users advertised,
 * which is why it does nothing else.
 */
import { noReply, reply } from '../../otp/result.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import type { ServerRef } from '../../otp/server-ref.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import type { MeshContext } from '../context.ts';
import type { AnyHandler, Authorize, ProcedureLimits } from '../handlers/handler.ts';

/** One advertisement as its owner wants it. */
export interface Advertised {
  readonly id: string;
  readonly procedure: string;
  readonly owner: string;
  readonly handler: AnyHandler | { readonly server: ServerRef | ChildSpec; readonly tag: string };
  readonly exclusive: boolean;
  /** Seconds. */
  readonly ttl: number;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly description: string | undefined;
  readonly limits: ProcedureLimits | undefined;
  readonly authorize: Authorize | undefined;
}

interface State {
  readonly advertised: Map<string, Advertised>;
}

export interface IntentCalls {
  /** Remembers an advertisement, in place of an older one of the same owner and name. */
  put(entry: Advertised): true;
  /** Forgets it; false when it was not there. */
  remove(id: string): boolean;
}

export const intentServer: GenServer<MeshContext, State, IntentCalls> = {
  label: 'intent',
  init: (context, self) => {
    const advertised = new Map<string, Advertised>();
    context.scope.share('intent', self as never, advertised);
    return { advertised };
  },
  handleCall: {
    put: (entry, state) => {
      for (const other of state.advertised.values()) {
        if (other.owner === entry.owner && other.procedure === entry.procedure)
          state.advertised.delete(other.id);
      }
      state.advertised.set(entry.id, entry);
      return reply(true, state);
    },
    remove: (id, state) => reply(state.advertised.delete(id), state),
  },
  handleInfo: (_message, state) => noReply(state),
};
