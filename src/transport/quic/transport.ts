/**
 * QUIC over real UDP: the default transport.
 *
 * The native library is loaded when the first endpoint is opened, never by importing this module.
 */
import type { Transport } from '../transport.ts';
import { loadBinding, type BindingImport } from './binding.ts';
import { openEndpoint } from './endpoint.ts';

/** `load` replaces the import of the native binding, for tests. */
export function quicTransport(load?: BindingImport): Transport {
  return {
    kind: 'quic',
    open: async (options) => openEndpoint(await loadBinding(load), options),
  };
}
