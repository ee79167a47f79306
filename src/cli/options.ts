/**
 * Options that several subcommands share: how they are declared, read, and handed to `startNode` and `connect`.
 *
 * Flag, then environment, then config file, then default (`config/`). Wrong values are refused here, by the option's name.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { systemClock } from '../actor/clock.ts';
import { ndjsonLogger, type Logger, type LogLevel } from '../actor/logger.ts';
import type { ConnectOptions, NodeOptions } from '../mesh/client/options.ts';
import type { NameMode } from '../mesh/topic/procedure-name.ts';
import { repeating } from './config/commands.ts';

export interface TrustFlags {
  readonly realm?: string;
  readonly identity?: string;
  readonly realmKey?: string;
  readonly membership?: string;
  readonly logLevel: LogLevel;
  readonly json?: boolean;
  readonly ndjson?: boolean;
}

export interface CommonFlags extends TrustFlags {
  readonly names?: NameMode;
  readonly maxBody?: number;
  readonly crashDetails?: boolean;
  readonly tracing?: boolean;
}

/** Longest timeout, milliseconds (2^31 - 1). */
export const MAX_TIMEOUT = 2_147_483_647;
/** For what a command waits for, milliseconds. */
const TIMEOUT = 5_000;
/** Bytes a body may have, at least and at most (DESIGN §8 "Sizes"). */
const BODY = { least: 1_024, most: 67_108_864 } as const;

const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1_024, m: 1_048_576 };

/** Whole milliseconds, 1 … 2^31 - 1. */
export function milliseconds(text: string): number {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || value < 1 || value > MAX_TIMEOUT) {
    throw new InvalidArgumentError(`It must be whole milliseconds from 1 to ${MAX_TIMEOUT}.`);
  }
  return value;
}

/** Bytes, with `k` or `m` for 1,024 and 1,048,576. */
export function bodySize(text: string): number {
  const match = /^([0-9]+)([km]?)$/i.exec(text);
  const value = match === null ? NaN : Number(match[1]) * (UNITS[(match[2] ?? '').toLowerCase()] ?? NaN);
  if (!(value >= BODY.least && value <= BODY.most)) {
    throw new InvalidArgumentError(`It must be bytes from 1k to 64m, as 65536, 64k or 1m.`);
  }
  return value;
}

/** A node's id. */
export function nodeId(text: string): string {
  if (!/^[0-9a-fA-F]{64}$/.test(text)) throw new InvalidArgumentError('It must be 64 hex digits.');
  return text.toLowerCase();
}

/** Ids of nodes. */
export const nodeIds: (text: string, before?: readonly string[]) => readonly string[] = repeating(
  (text, before = []) => [...before, ...text.split(',').map((id) => nodeId(id.trim()))],
);

/** One or more values, with commas between them or the option repeated. */
export const listOf: (text: string, before?: readonly string[]) => readonly string[] = repeating(
  (text, before = []) => {
    const values = text.split(',').map((value) => value.trim());
    if (values.includes(''))
      throw new InvalidArgumentError('It must be one value or more, with commas between.');
    return [...before, ...values];
  },
);

export const bootstrapOption = (what: string): Option =>
  new Option('--bootstrap <urls>', `${what}; repeatable, or with commas`).argParser(listOf);

export const waitOption = (what: string): Option =>
  new Option('--timeout <ms>', what).argParser(milliseconds).default(TIMEOUT).env('ESPALIER_TIMEOUT');

export const nodeIdOption = (): Option =>
  new Option('--node-id <hex>', 'refuse any node but this one').argParser(nodeId).env('ESPALIER_NODE_ID');

/** Who we are, whom we trust, and what is logged. */
export const addTrustOptions = (command: Command, realm: string): Command =>
  command
    .addOption(new Option('--realm <realm>', realm).env('ESPALIER_REALM'))
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

export const addCommonOptions = (command: Command): Command =>
  addTrustOptions(command, 'trust domain; required beyond loopback')
    .addOption(
      new Option('--names <mode>', 'procedure names that are accepted (default: dotted and canonical)')
        .choices(['default', 'canonical', 'any'])
        .env('ESPALIER_NAMES'),
    )
    .addOption(
      new Option('--max-body <bytes>', 'largest args or result of a call (default: 1m)')
        .argParser(bodySize)
        .env('ESPALIER_MAX_BODY'),
    );

export const crashDetailsOption = (): Option =>
  new Option('--crash-details', 'tell remote callers name and message of a crash').env(
    'ESPALIER_CRASH_DETAILS',
  );

export const tracingOption = (): Option =>
  new Option(
    '--tracing',
    'calls and handlers become spans of OpenTelemetry; needs @opentelemetry/api, and an SDK (NODE_OPTIONS=--import)',
  ).env('ESPALIER_TRACING');

export const jsonOption = (what: string): Option => new Option('--json', what);

export const ndjsonOption = (what: string): Option => new Option('--ndjson', what).conflicts('json');

/** What all that is started takes of them. */
interface Trust {
  readonly logger: Logger;
  readonly realm?: string;
  readonly identity?: { readonly file: string };
  readonly realmKey?: { readonly file: string };
  readonly membership?: { readonly file: string };
}

export const trustOf = ({ logLevel, realm, identity, realmKey, membership }: TrustFlags): Trust => ({
  logger: ndjsonLogger(systemClock, logLevel, (line) => process.stderr.write(`${line}\n`)),
  ...(realm === undefined ? {} : { realm }),
  ...(identity === undefined ? {} : { identity: { file: identity } }),
  ...(realmKey === undefined ? {} : { realmKey: { file: realmKey } }),
  ...(membership === undefined ? {} : { membership: { file: membership } }),
});

/** What `startNode` and `connect` take from the flags. */
export function settingsOf(flags: CommonFlags): NodeOptions & ConnectOptions {
  const { names, maxBody, crashDetails, tracing } = flags;
  return {
    ...trustOf(flags),
    ...(names === undefined ? {} : { names }),
    ...(maxBody === undefined ? {} : { maxBody }),
    ...(crashDetails === undefined ? {} : { crashDetails }),
    ...(tracing === undefined ? {} : { tracing }),
  };
}
