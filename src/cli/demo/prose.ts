/**
 * The demo for people: what is printed while it is told. Pure but for the printing of `proseAudience`.
 */
import { renderTree } from '../../inspect/text.ts';
import { pathText } from '../explain-text.ts';
import { jsonText } from '../json-value.ts';
import { paint, print } from '../terminal.ts';
import { ROLES, type Audience, type Cast, type Places, type Role, type Step, type ToTry } from './story.ts';

/** Loud, and the first line. */
export const memoryNotice = (reason: string): string =>
  `*** NO QUIC: this demo runs on the IN-MEMORY transport, in one process, without a network (${firstLine(reason)}) ***`;

/** What each member is there for. */
const PARTS: Readonly<Record<Role, string>> = {
  first: 'the others begin with it; a second provider, and a station',
  provider: 'serves the procedures',
  caller: 'calls them',
  edge: 'takes no part in the DHT',
  lonely: 'finds no DHT: the node it should begin with does not exist',
  hidden: 'tells nobody where it is: the station leads to it',
};

export function proseOpening(transport: string, places: Places, cast: Cast): readonly string[] {
  const who = (role: Role): string => {
    const { pid } = cast[role];
    const place = pid === undefined ? 'this process' : `pid ${pid}`;
    return `  ${role.padEnd(9)} ${place}, ${places[role].url}: ${PARTS[role]}`;
  };
  return [
    transport === 'quic' ? 'transport: QUIC over UDP, six processes' : 'transport: memory, one process',
    ...ROLES.map(who),
    '',
    heading(),
  ];
}

export function proseAudience(): Audience {
  return {
    onStep: (step) => {
      print(stepLine(step));
    },
    onTree: (moment, tree) => {
      print(
        `\n${paint('bold', `the provider's actors ${moment === 'before' ? 'before the crash' : 'after it'}:`)}`,
      );
      print(`${renderTree(tree)}\n`);
    },
  };
}

export function proseWaiting(transport: string, { url, page }: ToTry): readonly string[] {
  const look = `its actors, live: ${page}`;
  if (transport === 'memory') return ['', 'still running; Ctrl-C stops it', look];
  return [
    '',
    `still running at ${url}; Ctrl-C stops it. Try in another terminal:`,
    `  espalier call ${url} calculator.compute '{"operation":"multiply","a":6,"b":7}'`,
    look,
  ];
}

const heading = (): string =>
  paint('dim', row('step', 'procedure', 'route', 'outcome', 'latency', 'value or reason'));

export function stepLine({ name, procedure, route, outcome, micros, value, error, way }: Step): string {
  const said = value === undefined ? (error?.message ?? '') : jsonText(value);
  const what = way === undefined ? said : `${said}, ${pathText(way)}`;
  return row(name, procedure, route ?? '-', outcome, `${(micros / 1_000).toFixed(2)} ms`, what);
}

function row(
  ...[name, procedure, route, outcome, latency, what]: [string, string, string, string, string, string]
): string {
  const cells = [
    name.padEnd(13),
    procedure.padEnd(18),
    route.padEnd(6),
    outcome.padEnd(13),
    latency.padStart(10),
    what,
  ];
  return cells.join('  ').trimEnd();
}

const firstLine = (text: string): string => text.split('\n')[0] ?? '';
