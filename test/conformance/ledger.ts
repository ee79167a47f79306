/**
 * Which case of which suite is ported, and which does not apply. `coverage.test.ts` fills it by loading all test
 * files of a suite with `collecting` set; nothing is run then.
 */
export interface Entry {
  readonly suite: string;
  readonly name: string;
  /** Undefined for a ported case; otherwise why it does not apply here. */
  readonly reason: string | undefined;
}

export interface Ledger {
  collecting: boolean;
  readonly entries: Entry[];
}

export const ledger: Ledger = { collecting: false, entries: [] };

/** What the ledger says of one suite. */
export interface Coverage {
  readonly ported: readonly string[];
  readonly notApplicable: readonly { readonly name: string; readonly reason: string }[];
  /** Neither ported nor told why not. */
  readonly missing: readonly string[];
  /** Told of more than once. */
  readonly twice: readonly string[];
}

export function coverageOf(suite: string, cases: readonly string[], entries: readonly Entry[]): Coverage {
  const own = entries.filter((entry) => entry.suite === suite);
  const count = (name: string): number => own.filter((entry) => entry.name === name).length;
  return {
    ported: own.filter(({ reason }) => reason === undefined).map(({ name }) => name),
    notApplicable: own.flatMap(({ name, reason }) => (reason === undefined ? [] : [{ name, reason }])),
    missing: cases.filter((name) => count(name) === 0),
    twice: cases.filter((name) => count(name) > 1),
  };
}
