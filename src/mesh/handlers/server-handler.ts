/**
 * Serves a procedure from a GenServer: each invocation calls it and answers with its reply.
 */
import type { ChildSpec } from '../../otp/child-spec.ts';
import { Request, request, type ServerRef } from '../../otp/server-ref.ts';
import type { AnyHandler } from './handler.ts';

/** Marks a server as what answers a procedure. */
export class ServerHandler {
  readonly target: ServerRef | ChildSpec;
  readonly tag: string | undefined;
  constructor(target: ServerRef | ChildSpec, tag: string | undefined) {
    this.target = target;
    this.tag = tag;
  }
}

/**
 * Lets a GenServer answer a procedure. The request's tag is `tag`, by default the last word of the procedure's
 * name (`users.get` and `…/users/get_v1` ask `get`); its payload is the call's args. A child specification is
 * started and supervised with the advertisement. The server answers `err(reason)` for a declared failure; its
 * death is `handler_crash` for the calls it held.
 */
export const server = (
  target: ServerRef | ChildSpec,
  options: { readonly tag?: string } = {},
): ServerHandler => new ServerHandler(target, options.tag);

/** The last word of a procedure's name, without a version. */
export function defaultTag(procedure: string): string {
  const word = procedure.split(/[./]/).at(-1) ?? procedure;
  return word.replace(/_v[1-9][0-9]*$/, '');
}

export function serverCaller(ref: Pick<ServerRef, 'runtime' | 'pid'>, tag: string): AnyHandler {
  return (args, context) =>
    request(ref, `call ${tag}`, new Request(tag, args), {
      timeout: Math.max(1, context.timeLeft),
      signal: context.signal,
    });
}
