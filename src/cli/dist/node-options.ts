/**
 * How `espalier node` is told to take part in the distribution.
 */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { hostOf, isPortName } from '../../dist/node-name.ts';
import type { NodeDistOptions } from '../../mesh/client/options.ts';
import { isLoopbackHost } from '../../mesh/url.ts';
import { usageError } from '../error-document.ts';
import { listOf } from '../options.ts';
import { cookieFileOption, readCookie } from './cookie-file.ts';
import { epmdPort } from './epmd.ts';
import { isVisited } from './visit.ts';

export interface DistFlags {
  readonly name?: string;
  readonly cookieFile?: string;
  readonly erlang?: boolean;
  readonly cluster?: string;
  readonly distRelay?: readonly string[];
  /** Where it listens, when that is said. */
  readonly listen?: string;
}

/** Hosts that a node listens at, and that nobody is at. */
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '[::]']);

export const addDistOptions = (command: Command): Command =>
  command
    .addOption(
      new Option(
        '--name <name>',
        'be a node of the distribution: port@host, as 4433@127.0.0.1; needs --cookie-file (default: where it listens)',
      )
        .argParser(distName)
        .env('ESPALIER_NAME'),
    )
    .addOption(
      cookieFileOption(
        'what nodes of the distribution must know, in a file that is accessible by its owner only',
      ),
    )
    .addOption(
      new Option('--erlang', 'be reached by Erlang nodes on this machine too: over TCP, by EPMD').env(
        'ESPALIER_ERLANG',
      ),
    )
    .addOption(
      new Option(
        '--cluster <name>',
        'connect to all nodes of this cluster, which are found in the DHT; needs --cookie-file',
      ).env('ESPALIER_CLUSTER'),
    )
    .addOption(
      new Option(
        '--dist-relay <urls>',
        'dist relays through which nodes are reached that cannot be reached otherwise, best first; repeatable, or with commas',
      )
        .argParser(listOf)
        .env('ESPALIER_DIST_RELAY'),
    );

/** Undefined: it takes no part. @throws RpcError `invalid_args`. */
export function distOf({
  name,
  cookieFile,
  erlang = false,
  cluster,
  distRelay,
  listen,
}: DistFlags): NodeDistOptions | undefined {
  const [flag] = [
    ...(name === undefined ? [] : ['--name']),
    ...(erlang ? ['--erlang'] : []),
    ...(cluster === undefined ? [] : ['--cluster']),
    ...(distRelay === undefined ? [] : ['--dist-relay']),
  ];
  if (flag === undefined && cookieFile === undefined) return undefined;
  if (cookieFile === undefined) throw usageError('cookie-file', `is missing: ${flag} needs it`);
  if (name !== undefined && !isPortName(name) && !erlang && distRelay === undefined)
    throw usageError('name', `must be port@host: ${name} is a name for --erlang and --dist-relay`);
  if (name !== undefined && WILDCARDS.has(hostOf(name)))
    throw usageError('name', `must say where this node is, as 9443@10.0.0.1: nobody is at ${hostOf(name)}`);
  const host = name === undefined ? hostIn(listen) : hostOf(name);
  if (erlang && !isLoopbackHost(host))
    throw usageError('erlang', `is for this machine only, and ${host} is beyond it: TCP has no encryption`);
  return {
    cookie: readCookie(cookieFile),
    ...(name === undefined ? {} : { name }),
    ...(cluster === undefined ? {} : { cluster: { strategy: 'dht', name: cluster } }),
    ...(distRelay === undefined ? {} : { relays: distRelay }),
    ...(erlang ? { tcp: { epmd: { port: epmdPort() } } } : {}),
  };
}

function distName(text: string): string {
  if (!isVisited(text)) throw new InvalidArgumentError('It must be port@host, or name@host with --erlang.');
  return text;
}

const hostIn = (listen = '127.0.0.1:0'): string => listen.slice(0, listen.lastIndexOf(':'));
