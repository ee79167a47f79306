/**
 * A call made through the public API: its outcome settles a promise of `Result`, which never rejects.
 */
import type { Value } from '../../codec/value.ts';
import { RpcError, type Result } from '../errors/rpc-error.ts';
import type { RpcFailure } from '../errors/rpc-failure.ts';
import { RpcCall, type CallInit } from '../router/rpc-call.ts';

export class ApiCall extends RpcCall {
  readonly #settle: (result: Result) => void;
  #watchers: (() => void)[] | undefined;

  constructor(init: CallInit, settle: (result: Result) => void) {
    super(init);
    this.#settle = settle;
  }

  /** Resolves when it is settled. */
  over(): Promise<void> {
    return new Promise((resolve) => {
      if (this.settled) resolve();
      else (this.#watchers ??= []).push(resolve);
    });
  }

  #end(result: Result): void {
    this.#settle(result);
    for (const watcher of this.#watchers ?? []) watcher();
  }

  protected onValue(value: Value): void {
    const { route, servedBy: node, explanation } = this;
    this.#end(
      explanation === undefined
        ? { ok: true, value, route, node }
        : { ok: true, value, route, node, explanation },
    );
  }

  protected onRefused(failure: RpcFailure): void {
    const { cause, idempotent, attempts, exhausted, explanation } = this;
    const told = { idempotent, attempts, exhausted };
    const options = cause === undefined ? told : { ...told, cause };
    const error = new RpcError(failure, this.procedure, options);
    this.#end(explanation === undefined ? { ok: false, error } : { ok: false, error, explanation });
  }
}
