/**
 * What a bench is to the command line, and the options all of them share.
 */
import { parseArgs } from 'node:util';

export interface Bench {
  /** What it answers, in one line. */
  readonly question: string;
  /** Runs with the options after the name; gives the exit code. */
  run(options: readonly string[]): Promise<number>;
}

export interface BenchOptions {
  /** One JSON document on stdout instead of a table. */
  readonly json: boolean;
  /** Few, short rounds: for a look, not for a verdict. */
  readonly quick: boolean;
  readonly help: boolean;
  /** Only these peers; undefined means all. */
  readonly peers: readonly string[] | undefined;
}

/** The text of `--help`. */
export const optionsHelp = (name: string, question: string): string =>
  `${question}

usage: npm run bench -- ${name} [--json] [--quick] [--peers A,B] [--help]

  --json        one JSON document on stdout; progress stays on stderr
  --quick       few short rounds; the figures are rough
  --peers A,B   measure against these peers only
  --help        this text`;

/** Reads the options; a string says what is wrong with them. */
export function parseOptions(args: readonly string[]): BenchOptions | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
        peers: { type: 'string' },
      },
    });
    const { json, quick, help } = values;
    const peers = values.peers?.split(',').filter((name) => name !== '');
    return { json, quick, help, peers };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
