/**
 * The native quiche binding: loaded on demand, and its errors as data.
 *
 * Loading is a dynamic import, so that `espalier/otp` never touches it (DESIGN D10). The binding reports
 * every failure as an `Error` whose message is quiche's error name (TRANSPORT §2); that text is read here
 * and nowhere else.
 */
import type { Quiche } from '@matrixai/quic/native/quiche.js';

import { TransportError } from '../transport.ts';

export type { Quiche };
export type {
  Config as NativeConfig,
  Connection as NativeConnection,
  Header as NativeHeader,
  Host as VirtualAddress,
} from '@matrixai/quic/native/types.js';

/** What a native call reported. `stream_gone`: the stream is finished and collected, or was never opened. */
export type NativeFailure =
  | { readonly tag: 'stream_stopped'; readonly code: number }
  | { readonly tag: 'stream_reset'; readonly code: number }
  | { readonly tag: 'stream_gone' }
  | { readonly tag: 'stream_limit' }
  | { readonly tag: 'other'; readonly name: string };

const WITH_NUMBER = /^(StreamStopped|StreamReset|InvalidStreamState)\((\d+)\)$/;

export function nativeFailure(error: unknown): NativeFailure {
  const name = error instanceof Error ? error.message : String(error);
  const match = WITH_NUMBER.exec(name);
  if (match?.[1] === 'StreamStopped') return { tag: 'stream_stopped', code: Number(match[2]) };
  if (match?.[1] === 'StreamReset') return { tag: 'stream_reset', code: Number(match[2]) };
  if (match !== null) return { tag: 'stream_gone' };
  return name === 'StreamLimit' ? { tag: 'stream_limit' } : { tag: 'other', name };
}

/** How the binding is imported; tests replace it. */
export type BindingImport = () => Promise<{ readonly default: Quiche }>;

const importBinding: BindingImport = () => import('@matrixai/quic/native/quiche.js');

/** Loads the binding. Throws `TransportError` `unsupported_platform` where there is none. */
export async function loadBinding(load: BindingImport = importBinding): Promise<Quiche> {
  try {
    return (await load()).default;
  } catch (cause) {
    const { platform, arch } = process;
    const libc = libcName();
    throw new TransportError(
      { tag: 'unsupported_platform', platform, arch, libc },
      `No QUIC for ${platform}-${arch} (libc: ${libc}): @matrixai/quic has no native binary that loads here. ` +
        'Actors, supervision, the inspector and the in-memory transport work without it.',
      { cause },
    );
  }
}

/** `glibc <version>`, `musl`, or `none` outside Linux: Linux binaries exist for glibc 2.34 and later only. */
function libcName(): string {
  if (process.platform !== 'linux') return 'none';
  const report: unknown = process.report.getReport();
  const header = (report as { header?: { glibcVersionRuntime?: string } }).header;
  return header?.glibcVersionRuntime === undefined ? 'musl' : `glibc ${header.glibcVersionRuntime}`;
}
