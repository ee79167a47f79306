/**
 * Real Erlang as the oracle: writes scripts as terms, has `driver.erl` play them, reads the traces.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  LONG_PERIOD,
  type ChildScript,
  type Op,
  type Script,
  type Trace,
  type TreeScript,
} from './script.ts';
import { canonical } from './text.ts';

/** Milliseconds for all scripts of one run. */
const LIMIT = 120_000;

const atom = (text: string): string => `'${text}'`;
const list = (items: readonly string[]): string => `[${items.join(',')}]`;
const tuple = (...items: readonly string[]): string => `{${items.join(',')}}`;

const TREE_WORDS = {
  oneForOne: 'one_for_one',
  oneForAll: 'one_for_all',
  restForOne: 'rest_for_one',
  simpleOneForOne: 'simple_one_for_one',
  anySignificant: 'any_significant',
  allSignificant: 'all_significant',
} as const;

const reasonTerm = (reason: string): string =>
  reason === 'shutdown:x' ? tuple('shutdown', 'x') : atom(reason);

function stopTerm(stop: ChildScript['stop']): string {
  if (stop === undefined) return 'plain';
  if (stop === 'obey' || stop === 'linger' || stop === 'stubborn') return stop;
  return tuple('exit', reasonTerm(stop));
}

function childTerm(child: ChildScript): string {
  const { id, restart = 'permanent', stop, significant, tree } = child;
  const shutdown = child.shutdown ?? (tree === undefined ? 5_000 : 'infinity');
  return tuple(
    'child',
    atom(id),
    restart,
    shutdown === 'brutal' ? 'brutal_kill' : `${shutdown}`,
    stopTerm(stop),
    `${significant === true}`,
    tree === undefined ? 'none' : treeTerm(tree),
  );
}

function treeTerm({ strategy, intensity, period = LONG_PERIOD, auto, children }: TreeScript): string {
  return tuple(
    'tree',
    TREE_WORDS[strategy],
    `${intensity}`,
    `${period}`,
    auto === undefined ? 'never' : TREE_WORDS[auto],
    list(children.map(childTerm)),
  );
}

function opTerm(op: Op): string {
  switch (op[0]) {
    case 'start':
      return tuple('start', atom(op[1]), childTerm(op[2]));
    case 'crash':
    case 'signal':
      return tuple(op[0], atom(op[1]), reasonTerm(op[2]));
    case 'plan':
      return tuple('plan', atom(op[1]), list(op[2]));
    case 'during':
      return tuple('during', atom(op[1]), reasonTerm(op[2]), list(op[3]), list(op[4].map(opTerm)));
    case 'pause':
      return tuple('pause');
    default:
      return tuple(op[0], ...op.slice(1).map((word) => atom(word)));
  }
}

const scriptTerm = (script: Script, n: number): string =>
  `${tuple('script', `${n}`, treeTerm(script.tree), list(script.ops.map(opTerm)))}.\n`;

/** The release of the installed Erlang, `25`; undefined when there is none. */
export function otpRelease(): string | undefined {
  const run = spawnSync(
    'erl',
    ['-noshell', '-eval', 'io:put_chars(erlang:system_info(otp_release)), halt().'],
    { encoding: 'utf8' },
  );
  return run.status === 0 ? run.stdout.trim() : undefined;
}

/** Compiles the driver once and plays scripts on it; `close` removes what it wrote. */
export class Oracle {
  readonly #folder: string = mkdtempSync(join(tmpdir(), 'espalier-differential-'));

  /** @param driver path of `driver.erl`. Throws when it does not compile. */
  constructor(driver: string) {
    this.#erl(
      '-eval',
      `case compile:file("${driver}", [{outdir, "${this.#folder}"}, report]) of {ok, _} -> halt(0); _ -> halt(1) end.`,
    );
  }

  /** The traces, in the order of the scripts. Throws when the driver fails. */
  play(scripts: readonly Script[]): readonly Trace[] {
    const terms = join(this.#folder, 'scripts');
    const out = join(this.#folder, 'traces');
    writeFileSync(terms, scripts.map(scriptTerm).join(''));
    this.#erl('-pa', this.#folder, '-run', 'driver', 'main', terms, out);
    return readFileSync(out, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line.slice(line.indexOf('\t') + 1)) as Trace).map(canonical));
  }

  close(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #erl(...args: readonly string[]): void {
    const run = spawnSync('erl', ['-noshell', '-noinput', '+S', '1:1', ...args], {
      encoding: 'utf8',
      timeout: LIMIT,
      killSignal: 'SIGKILL',
    });
    if (run.status !== 0)
      throw new Error(`erl ended with ${run.status ?? run.signal}\n${run.stdout}${run.stderr}`);
  }
}
