/** Why a file with a key or a certificate cannot be used. */
export type IdentityFailure =
  /** The file is there but is not what it should be: empty, truncated, or something else. */
  | { readonly tag: 'damaged'; readonly file: string; readonly detail: string }
  /** The file cannot be read; `code` is the system's. */
  | { readonly tag: 'unreadable'; readonly file: string; readonly code: string }
  /** Others than its owner can read a private key, or write what we trust. */
  | { readonly tag: 'exposed'; readonly file: string; readonly mode: string }
  /** The file cannot be created; `code` is the system's. */
  | { readonly tag: 'unwritable'; readonly file: string; readonly code: string };

/** Thrown for identity and realm files. Branch on `error.failure.tag`. */
export class IdentityError extends Error {
  override readonly name = 'IdentityError';
  readonly failure: IdentityFailure;
  constructor(failure: IdentityFailure, message: string, options?: ErrorOptions) {
    super(message, options);
    this.failure = failure;
  }
}
