/**
 * Hands a call to a provider of this node's table.
 */
import type { Process } from '../../actor/process.ts';
import type { MeshContext } from '../context.ts';
import type { Provider } from '../registry/service-table.ts';
import { giveKeyed } from './keyed-call.ts';
import type { RpcCall } from './rpc-call.ts';

/** `process` is the provider's and lives. What carries a key goes to a handler of ours only once. */
export function give(context: MeshContext, call: RpcCall, provider: Provider, process: Process): void {
  const { idempotencyKey } = call;
  if (provider.target.kind === 'handler' && idempotencyKey !== undefined) {
    giveKeyed(context, call, idempotencyKey, provider, process);
    return;
  }
  call.assign(provider);
  context.runtime.call(process, call, Infinity);
}
