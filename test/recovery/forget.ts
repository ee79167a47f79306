/** For promises whose outcome is read elsewhere, or does not matter. */
export function forget(promise: Promise<unknown>): void {
  promise.catch(() => undefined);
}
