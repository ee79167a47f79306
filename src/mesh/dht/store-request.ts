/**
 * A peer's wish that a record be kept here.
 *
 * A kernel `Call`, sent by the connection that received it to the actor `recordStore`, which answers with why not,
 * or undefined. Settled by that answer, by its deadline, or by the actor's death.
 */
import { Call, type CallFailure } from '../../actor/call.ts';
import type { ErrorPayload, SignedRecordPayload } from '../../codec/payloads.ts';

/** Told once. */
export type StoreOutcome =
  /** Kept, or known already, when there is no error. */
  | { readonly ok: true; readonly error: ErrorPayload | undefined }
  | { readonly ok: false; readonly failure: CallFailure };

export class StoreRequest extends Call {
  /** SHA-256 of the procedure, 32 bytes. */
  readonly key: Uint8Array;
  readonly value: SignedRecordPayload;
  /** Hex id of the peer that wants it. */
  readonly from: string;
  readonly #done: (outcome: StoreOutcome) => void;

  constructor(
    key: Uint8Array,
    value: SignedRecordPayload,
    from: string,
    done: (outcome: StoreOutcome) => void,
  ) {
    super();
    this.key = key;
    this.value = value;
    this.from = from;
    this.#done = done;
  }

  get request(): this {
    return this;
  }

  protected onReply(value: unknown): void {
    this.#done({ ok: true, error: value as ErrorPayload | undefined });
  }

  protected onFailure(failure: CallFailure): void {
    this.#done({ ok: false, failure });
  }
}
