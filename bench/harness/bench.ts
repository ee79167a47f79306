/**
 * What a bench is to the command line, and the options all of them share.
 */
import { parseArgs } from 'node:util';
import type { Report } from './report.ts';

export interface Bench {
  readonly name: string;
  /** What it answers, in one line. */
  readonly question: string;
  /** Whom `--peers` may choose among. */
  readonly peers: readonly string[];
  /** Never rejects because of a peer: what went wrong with one is part of the report. */
  measure(options: BenchOptions): Promise<Report>;
}

export interface BenchOptions {
  /** One JSON document on stdout instead of a table. */
  readonly json: boolean;
  /** Few, short rounds: for a look, not for a verdict. */
  readonly quick: boolean;
  /** One round of a moment each: proves that everything still runs. The figures mean nothing. */
  readonly smoke: boolean;
  readonly help: boolean;
  /** Only these peers; undefined means all. */
  readonly peers: readonly string[] | undefined;
  /** Undefined means as many as planned. */
  readonly rounds: number | undefined;
}

const MAX_ROUNDS = 100;

/** The text of `--help`. */
export const optionsHelp = (name: string, benches: readonly Bench[]): string =>
  `${benches.map(({ question }) => question).join('\n')}

usage: npm run bench -- ${name} [--json] [--quick | --smoke] [--rounds N] [--peers A,B] [--help]

  --json        one JSON document on stdout; progress stays on stderr
  --quick       few short rounds; the figures are rough
  --smoke       one round of a moment each: proves that it runs, the figures mean nothing
  --rounds N    rounds, 1 to ${MAX_ROUNDS}; five or more for a verdict
  --peers A,B   measure against these peers only: ${knownPeers(benches).join(', ') || 'this bench has none'}
  --help        this text

Exit codes: 0 measured (goals may be missed), 1 our own side could not be measured, 2 wrong usage.`;

export const knownPeers = (benches: readonly Bench[]): readonly string[] => [
  ...new Set(benches.flatMap(({ peers }) => peers)),
];

/** Reads the options; a string says what is wrong with them. */
export function parseOptions(args: readonly string[], benches: readonly Bench[]): BenchOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        smoke: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        peers: { type: 'string' },
        rounds: { type: 'string' },
      },
    });
    const { json, quick, smoke, help } = values;
    const peers = values.peers?.split(',').filter((name) => name !== '');
    const unknown = peers?.find((name) => !knownPeers(benches).includes(name));
    if (unknown !== undefined)
      return `There is no peer called "${unknown}". Peers: ${knownPeers(benches).join(', ') || 'none'}`;
    const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
    if (rounds !== undefined && !(Number.isInteger(rounds) && rounds >= 1 && rounds <= MAX_ROUNDS))
      return `--rounds must be 1 to ${MAX_ROUNDS}`;
    return { json, quick, smoke, help, peers, rounds };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
