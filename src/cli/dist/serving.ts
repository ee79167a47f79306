/**
 * What commands that serve a dist relay, or nodes through one, have in common.
 */
import type { Command } from 'commander';
import { usageError } from '../error-document.ts';
import { addTrustOptions } from '../options.ts';

export const addServingOptions = (command: Command): Command =>
  addTrustOptions(command, 'serve this trust domain only');

/** @throws RpcError `invalid_args` for options that make no sense: the command line is wrong then. */
export function expectRight(wrong: Error | undefined): void {
  if (wrong === undefined) return;
  const [, field = 'options', detail = wrong.message] =
    /^(\w+(?:\[\d+\])?):? (.*)$/s.exec(wrong.message) ?? [];
  throw usageError(field, detail);
}
