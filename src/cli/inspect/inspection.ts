/**
 * An inspector, however it is reached: over HTTP on this machine or beyond, or through the mesh.
 */
import { follow, getJson, type Target } from './api.ts';
import type { ServerEvent } from './event-stream.ts';

export interface FollowOptions {
  readonly signal: AbortSignal;
  /** Milliseconds between two looks. */
  readonly interval: number;
  /** The next one waits for what it returns. */
  readonly onEvent: (event: ServerEvent) => void | Promise<void>;
}

export interface Inspection {
  /** Milliseconds that a look may take beside its interval, with all that brings it here. */
  readonly grace: number;
  /** Of the inspector, or of the node that is asked. */
  readonly url: string;
  /** What is at a place of the HTTP API, as `/api/tree`. Throws `InspectError` or `RpcError`. */
  get(path: string, signal: AbortSignal): Promise<unknown>;
  /** Tells events until the stream ends or breaks, which throws, or the signal ends it, which does not. */
  follow(options: FollowOptions): Promise<void>;
}

/** Gives it anew for each connection: a node that starts again may be elsewhere, with another token. */
export type Reach = () => Promise<Inspection>;

/** For the look itself, milliseconds. */
const GRACE = 250;

export const overHttp = (target: Target): Inspection => ({
  grace: GRACE,
  url: target.url,
  get: (path, signal) => getJson(target, path, signal),
  follow: (options) => follow(target, options),
});
