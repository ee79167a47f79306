/**
 * Serves a procedure from a GenServer: each invocation calls it and answers with its reply.
 */
import { exit } from '../../actor/exit-reason.ts';
import { WORKER_OOM } from '../../isolation/thread.ts';
import type { ChildSpec } from '../../otp/child-spec.ts';
import { ExitError } from '../../otp/errors.ts';
import { Request, request, type ServerRef } from '../../otp/server-ref.ts';
import { Refusal, type AnyHandler } from './handler.ts';

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
 * started with the advertisement, under a supervisor of its own, and stopped when the last call has ended. The
 * server answers `err(reason)` for a declared failure; its death is `handler_crash` for the calls it held, a
 * full mailbox is `overloaded`.
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

export function serverCaller(ref: Pick<ServerRef, 'runtime' | 'whom'>, tag: string): AnyHandler {
  return async (args, { signal }) => {
    if (ref.whom === undefined) throw restarting();
    try {
      // the deadline of the call itself aborts the signal
      return await request(ref, `call ${tag}`, new Request(tag, args), { timeout: Infinity, signal });
    } catch (error) {
      if (!(error instanceof ExitError)) throw error;
      const { reason } = error;
      if (reason === 'noproc') throw restarting();
      if (isOverload(reason)) throw new Refusal({ tag: 'overloaded', bound: reason.overloaded });
      // how the server ended, where that has a word of its own: it was in a worker thread
      if (reason === WORKER_OOM) exit(reason);
      throw error;
    }
  };
}

const restarting = (): Refusal =>
  new Refusal({ tag: 'connection_error', sent: false, detail: 'the server is being restarted' });

function isOverload(reason: unknown): reason is { readonly overloaded: string } {
  return (
    typeof reason === 'object' &&
    reason !== null &&
    Object.hasOwn(reason, 'overloaded') &&
    typeof (reason as { overloaded: unknown }).overloaded === 'string'
  );
}
