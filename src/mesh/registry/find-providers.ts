/**
 * Who serves a procedure: those at this node, and those the mesh knows of.
 */
import type { Call } from '../../actor/call.ts';
import { shared, type MeshContext } from '../context.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { discover, refusalOf, type DiscoverOptions } from './discovery.ts';
import { localProviders, remoteProviders, type Provider } from './provider.ts';

export type Found =
  | { readonly ok: true; readonly providers: readonly Provider[] }
  /** Nobody at this node serves it, and the mesh could not be asked. */
  | { readonly ok: false; readonly failure: RpcFailure };

/** Told once, as `DiscoveryDone`. Gives what can be canceled while it is not over. */
export function findProviders(
  context: MeshContext,
  procedure: string,
  options: DiscoverOptions,
  done: (found: Found) => void,
): Call | undefined {
  return discover(context, procedure, options, (discovery) => {
    // as they are when the answer comes
    const local = localProviders(context, procedure);
    // a registry that was restarted does not know yet whom its clients serve
    const whole = shared(context, 'serviceRegistry')?.complete === true;
    if (discovery.tag === 'providers' && (whole || local.length + discovery.providers.length > 0)) {
      done({ ok: true, providers: [...local, ...remoteProviders(discovery)] });
    } else if (local.length > 0) done({ ok: true, providers: local });
    else done({ ok: false, failure: discovery.tag === 'providers' ? RESTARTING : refusalOf(discovery) });
  });
}

const RESTARTING: RpcFailure = {
  tag: 'connection_error',
  sent: false,
  detail: 'the service registry is being restarted',
};
