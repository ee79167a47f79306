/**
 * Options of commands that serve a dist relay, or nodes through one.
 */
import { Option, type Command } from 'commander';
import { systemClock } from '../../actor/clock.ts';
import { usageError } from '../error-document.ts';
import { ndjsonLogger, type LogLevel, type Logger } from '../../actor/logger.ts';

export interface ServingFlags {
  readonly realm?: string;
  readonly identity?: string;
  readonly realmKey?: string;
  readonly membership?: string;
  readonly logLevel: LogLevel;
  readonly json?: boolean;
  readonly ndjson?: boolean;
}

export const addServingOptions = (command: Command): Command =>
  command
    .addOption(new Option('--realm <realm>', 'serve this trust domain only').env('ESPALIER_REALM'))
    .addOption(
      new Option('--identity <file>', 'durable key, made when missing (default: a fresh one in memory)').env(
        'ESPALIER_IDENTITY',
      ),
    )
    .addOption(
      new Option('--realm-key <file>', 'public key of a closed realm, as realm init wrote it').env(
        'ESPALIER_REALM_KEY',
      ),
    )
    .addOption(
      new Option('--membership <file>', 'our membership of it, as realm issue wrote it').env(
        'ESPALIER_MEMBERSHIP',
      ),
    )
    .addOption(
      new Option('--log-level <level>', 'least severe log lines on stderr')
        .choices(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'])
        .default('warn')
        .env('ESPALIER_LOG_LEVEL'),
    );

/** @throws RpcError `invalid_args` for options that make no sense: the command line is wrong then. */
export function expectRight(wrong: Error | undefined): void {
  if (wrong === undefined) return;
  const [, field = 'options', detail = wrong.message] =
    /^(\w+(?:\[\d+\])?):? (.*)$/s.exec(wrong.message) ?? [];
  throw usageError(field, detail);
}

interface Serving {
  readonly logger: Logger;
  readonly realm?: string;
  readonly identity?: { readonly file: string };
  readonly realmKey?: { readonly file: string };
  readonly membership?: { readonly file: string };
}

export const servingOf = ({ logLevel, realm, identity, realmKey, membership }: ServingFlags): Serving => ({
  logger: ndjsonLogger(systemClock, logLevel, (line) => process.stderr.write(`${line}\n`)),
  ...(realm === undefined ? {} : { realm }),
  ...(identity === undefined ? {} : { identity: { file: identity } }),
  ...(realmKey === undefined ? {} : { realmKey: { file: realmKey } }),
  ...(membership === undefined ? {} : { membership: { file: membership } }),
});
