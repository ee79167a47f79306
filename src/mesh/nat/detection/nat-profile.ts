/**
 * What users and other actors ask the actor `natProfile`.
 */
import { Request, ServerRef } from '../../../otp/server-ref.ts';
import { ExitError } from '../../../otp/errors.ts';
import { checkWaiting } from '../../client/check.ts';
import type { WaitOptions } from '../../client/client.ts';
import { Patience } from '../../client/patience.ts';
import { actor, type MeshContext } from '../../context.ts';
import { RpcError } from '../../errors/rpc-error.ts';
import type { NatProfileCalls } from './profile-server.ts';
import type { NatReport } from './report.ts';

export interface NatOptions extends WaitOptions {
  /** Measures anew, whatever is known. Default false. */
  readonly force?: boolean;
}

/** Milliseconds; a measurement takes less than three seconds. */
const TIMEOUT = 5_000;

/**
 * What is known of the NAT in front of this node, measured when need be. Throws `RpcError`: `invalid_args`,
 * `timeout`, `canceled`, and `connection_error` while the actor is being restarted. That nobody could be asked is no
 * error: the report says so.
 */
export async function natReport(context: MeshContext, options: NatOptions = {}): Promise<NatReport> {
  const waiting = checkWaiting(options, TIMEOUT);
  if (!waiting.ok) throw new RpcError(waiting.failure);
  const force: unknown = options.force ?? false;
  if (typeof force !== 'boolean')
    throw new RpcError({ tag: 'invalid_args', field: 'force', detail: 'must be true or false' });
  const { runtime, scope } = context;
  const patience = new Patience(runtime, waiting.value);
  patience.check();
  const server = new ServerRef<NatProfileCalls>(runtime, { scope, name: 'natProfile' });
  const { signal } = patience;
  try {
    return await server.call(
      'report',
      { force },
      { timeout: patience.left, ...(signal === undefined ? {} : { signal }) },
    );
  } catch (cause) {
    if (!(cause instanceof ExitError)) throw cause;
    patience.check();
    const detail = 'the NAT check is being restarted';
    throw new RpcError({ tag: 'connection_error', sent: false, detail }, undefined, { cause });
  }
}

/** A path of this node has moved, or its address was seen to be another: what is known of its NAT may be over. */
export function natMoved(context: MeshContext): void {
  const server = actor(context, 'natProfile');
  if (server !== undefined) context.runtime.cast(server, new Request('moved', undefined));
}
