/**
 * A module that a user hands to `espalier advertise`: loads it and judges what it exports.
 *
 * Its default export is a record: procedure → handler, or `{ handler, ...options }` with the options of
 * `advertise`.
 */
import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { describeReason } from '../actor/exit-reason.ts';
import { checkName } from '../mesh/client/check.ts';
import type { AdvertiseOptions } from '../mesh/client/client.ts';
import type { Handler } from '../mesh/handlers/handler.ts';
import { RpcError } from '../mesh/errors/rpc-error.ts';
import { ServerHandler } from '../mesh/handlers/server-handler.ts';
import type { NameMode } from '../mesh/topic/procedure-name.ts';
import { usageError } from './error-document.ts';

export interface Service {
  readonly procedure: string;
  readonly handler: Handler | ServerHandler;
  readonly options: AdvertiseOptions;
}

export interface ModuleFailure {
  readonly tag: 'module_failed';
  readonly file: string;
  readonly detail: string;
}

/** The module was found, but running it failed. */
export class ModuleError extends Error {
  override readonly name = 'ModuleError';
  readonly failure: ModuleFailure;
  constructor(file: string, cause: unknown) {
    const detail = describeReason(cause);
    super(`${file} cannot be loaded: ${detail}${whereIn(cause)}`, { cause });
    this.failure = { tag: 'module_failed', file, detail };
  }
}

const OPTIONS: ReadonlySet<string> = new Set([
  'ttl',
  'metadata',
  'description',
  'limits',
  'authorize',
  'exclusive',
  'schema',
]);

/** A path, absolute or from the working directory, or a `file:` URL. */
export function modulePath(given: string): string {
  if (!given.startsWith('file:')) return resolve(given);
  try {
    return fileURLToPath(given);
  } catch (cause) {
    throw usageError('module', `${given} is not a file`, { cause });
  }
}

/** Runs the module. Throws `RpcError` `invalid_args` for a wrong path or shape, `ModuleError` when it fails. */
export async function loadServices(given: string, names: NameMode): Promise<readonly Service[]> {
  const file = modulePath(given);
  const found = await stat(file).catch((cause: NodeJS.ErrnoException) => {
    throw usageError('module', `${file} cannot be read: ${cause.code ?? cause.message}`, { cause });
  });
  if (!found.isFile()) throw usageError('module', `${file} is not a file`);
  let loaded: object;
  try {
    loaded = (await import(pathToFileURL(file).href)) as object;
  } catch (cause) {
    throw new ModuleError(file, cause);
  }
  if (!('default' in loaded)) throw usageError('module', `${given} has no default export`);
  return servicesOf(loaded.default, names);
}

/** What a default export offers, in its order. It is somebody else's object: reading it may throw. */
export function servicesOf(exported: unknown, names: NameMode): readonly Service[] {
  try {
    return servicesIn(exported, names);
  } catch (error) {
    if (error instanceof RpcError) throw error;
    throw usageError('module', `its default export cannot be read: ${describeReason(error)}`, {
      cause: error,
    });
  }
}

function servicesIn(exported: unknown, names: NameMode): readonly Service[] {
  if (!isRecord(exported)) {
    throw usageError('module', 'its default export must be a record: procedure → handler');
  }
  const services = Object.entries(exported).map(([procedure, entry]) => serviceOf(procedure, entry, names));
  if (services.length === 0) throw usageError('module', 'its default export has no procedure');
  return services;
}

function serviceOf(procedure: string, entry: unknown, names: NameMode): Service {
  const where = `procedure ${JSON.stringify(procedure)}`;
  const name = checkName(procedure, names);
  if (!name.ok) {
    const { failure } = name;
    throw usageError('module', `${where} ${'detail' in failure ? String(failure.detail) : failure.tag}`);
  }
  if (isHandler(entry)) return { procedure, handler: entry, options: {} };
  if (!isRecord(entry) || !isHandler(entry['handler'])) {
    throw usageError('module', `${where} must be a function, server(…), or { handler, ...options }`);
  }
  const { handler, ...options } = entry;
  for (const option of Object.keys(options)) {
    if (!OPTIONS.has(option)) {
      throw usageError('module', `${where}: ${option} is not an option (${[...OPTIONS].join(', ')})`);
    }
  }
  return { procedure, handler: handler as Handler | ServerHandler, options };
}

/**
 * Where the module's `espalier` is, when that is not ours: `err` and `server` of another copy are strangers to
 * this one.
 */
export function otherCopy(given: string): string | undefined {
  const ours = resolved(fileURLToPath(import.meta.url));
  const theirs = resolved(modulePath(given));
  return theirs === undefined || theirs === ours ? undefined : theirs;
}

function resolved(from: string): string | undefined {
  try {
    return createRequire(from).resolve('espalier');
  } catch {
    return undefined;
  }
}

const isHandler = (value: unknown): value is Handler | ServerHandler =>
  typeof value === 'function' || value instanceof ServerHandler;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof ServerHandler);

/** The first line of a stack that lies in a file. What was thrown may be anything. */
function whereIn(cause: unknown): string {
  try {
    const line = cause instanceof Error ? /^\s+at .*file:.*$/m.exec(cause.stack ?? '')?.[0] : undefined;
    return line === undefined ? '' : `\n${line}`;
  } catch {
    return '';
  }
}
