/**
 * How a command is told to have an inspector, and which one.
 */
import { Option, type Command } from 'commander';
import type { InspectorOptions } from '../mesh/client/options.ts';
import { MAX_PORT } from '../transport/address.ts';
import { usageError } from './error-document.ts';
import { tokenIn } from './inspect/token-file.ts';
import { nodeIds } from './options.ts';

export interface InspectorFlags {
  /** True: at any port. */
  readonly inspector?: string | true;
  readonly inspectorActions?: boolean;
  readonly inspectorTokenFile?: string;
  /** True unless `--no-inspector-announce`. */
  readonly inspectorAnnounce: boolean;
  readonly inspectorAllow?: readonly string[];
}

/** @param tokenFile the variable that names the file of the token. */
export const addInspectorOptions = (command: Command, tokenFile: string): Command =>
  command
    .addOption(
      new Option(
        '--inspector [port]',
        'serve a page and an API that show the tree of actors, on loopback; without a port any free one',
      ).env('ESPALIER_INSPECTOR'),
    )
    .addOption(
      new Option(
        '--inspector-actions',
        'whoever has the token of the inspector may also kill, restart, suspend, trace and call',
      ).env('ESPALIER_INSPECTOR_ACTIONS'),
    )
    .addOption(
      new Option(
        '--inspector-token-file <file>',
        'the token that it asks for, in a file that is accessible by its owner only (default: a new one for each start)',
      ).env(tokenFile),
    )
    .addOption(
      new Option(
        '--no-inspector-announce',
        'write no file by which espalier inspect finds the inspector on this machine',
      ).env('ESPALIER_INSPECTOR_ANNOUNCE'),
    );

/** For those that have a mesh to look through. */
export const inspectorAllowOption = (): Option =>
  new Option(
    '--inspector-allow <ids>',
    'ids of nodes and clients that may look through the mesh, and do nothing; repeatable, or with commas',
  )
    .argParser(nodeIds)
    .env('ESPALIER_INSPECTOR_ALLOW');

/** Undefined: none. */
export function inspectorOf(flags: InspectorFlags): InspectorOptions | undefined {
  const { inspector, inspectorActions, inspectorTokenFile, inspectorAllow, inspectorAnnounce } = flags;
  if (inspector === undefined) {
    if (inspectorActions === true)
      throw usageError('inspector-actions', 'needs --inspector: there is none to act by');
    if (inspectorAllow !== undefined)
      throw usageError('inspector-allow', 'needs --inspector: there is none to look at');
    return undefined;
  }
  return {
    ...(inspector === true ? {} : { port: portOf(inspector) }),
    ...(inspectorActions === true ? { actions: true } : {}),
    ...(inspectorTokenFile === undefined
      ? {}
      : { token: tokenIn(inspectorTokenFile, 'inspector-token-file') }),
    ...(inspectorAllow === undefined ? {} : { allow: inspectorAllow }),
    ...(inspectorAnnounce ? {} : { announce: false }),
  };
}

function portOf(text: string): number {
  const port = Number(text);
  if (/^\d{1,5}$/.test(text) && port <= MAX_PORT) return port;
  throw usageError('inspector', `must be a port from 0 to ${MAX_PORT}, not ${text.slice(0, 64)}`);
}
