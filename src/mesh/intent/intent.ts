/**
 * The durable intent: what this node's users asked for, replayed into whatever restarts.
 *
 * No I/O. Supervised early by the root. It alone writes `context.advertised`; a crash loses nothing, for the
 * table outlives it.
 */
import { noReply, reply } from '../../otp/result.ts';
import type { GenServer } from '../../otp/gen-server.ts';
import type { ServerRef } from '../../otp/server-ref.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import type { ValueMap } from '../../codec/value.ts';
import type { MeshContext } from '../context.ts';
import type { Checks } from '../contract/procedure-contract.ts';
import type { AnyHandler, Authorize, ProcedureLimits } from '../handlers/handler.ts';

/** One advertisement as its owner wants it. */
export interface Advertised {
  readonly id: string;
  readonly procedure: string;
  readonly owner: string;
  readonly handler:
    | AnyHandler
    | { readonly server: ServerRef | ChildSpec; readonly tag: string }
    | { readonly pool: ChildSpec; readonly exported: string };
  readonly exclusive: boolean;
  /** Seconds. */
  readonly ttl: number;
  readonly metadata: ValueMap;
  readonly description: string | undefined;
  readonly limits: ProcedureLimits | undefined;
  readonly authorize: Authorize | undefined;
  /** Schemas between callers and the handler. */
  readonly checks?: Checks;
}

export interface IntentCalls {
  /** Remembers an advertisement, in place of an older one of the same owner and name. */
  put(entry: Advertised): true;
  /** Forgets it; false when it was not there, or was replaced. */
  remove(what: Pick<Advertised, 'id' | 'owner' | 'procedure'>): boolean;
}

/** Where an advertisement stands in the table. */
export const keyOfAdvertised = (owner: string, procedure: string): string => `${owner} ${procedure}`;

export const intentServer: GenServer<MeshContext, MeshContext, IntentCalls> = {
  label: 'intent',
  init: (context) => context,
  handleCall: {
    put: (entry, context) => {
      context.advertised.set(keyOfAdvertised(entry.owner, entry.procedure), entry);
      return reply(true, context);
    },
    remove: ({ id, owner, procedure }, context) => {
      const key = keyOfAdvertised(owner, procedure);
      const found = context.advertised.get(key)?.id === id;
      if (found) context.advertised.delete(key);
      return reply(found, context);
    },
  },
  handleInfo: (_message, context) => noReply(context),
};
