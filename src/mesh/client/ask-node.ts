/**
 * Asks a node about itself: a client its own node, over its connection; a node itself.
 */
import type { ValueMap } from '../../codec/value.ts';
import type { MeshContext } from '../context.ts';
import type { Result } from '../errors/rpc-error.ts';
import type { Caller } from '../router/rpc-call.ts';
import { toRouter } from '../router/router.ts';
import { ApiCall } from './api-call.ts';

/** @param procedure one whose name begins with `_`. */
export function askNode(
  context: MeshContext,
  caller: Caller,
  procedure: string,
  args: ValueMap,
  timeout: number,
  settle: (result: Result) => void,
): ApiCall {
  const { runtime, events } = context;
  const call = new ApiCall(
    {
      procedure,
      args: Object.freeze(args),
      timeout,
      deadline: runtime.clock.now() + timeout,
      caller,
      fromPeer: false,
      trace: undefined,
      idempotent: true,
      observer: events.calls,
    },
    settle,
  );
  toRouter(context, call);
  return call;
}
