/** The suites of OTP whose cases are ported: every case name, as OTP §2 lists them. */
import { GEN_SERVER_SUITE } from './gen-server-suite.ts';
import { GEN_STATEM_SUITE } from './gen-statem-suite.ts';
import { SUPERVISOR_SUITE } from './supervisor-suite.ts';

export interface SuiteCases {
  readonly name: string;
  /** Where its `*.test.ts` are, below `test/conformance`. */
  readonly folder: string;
  readonly total: number;
  /** False while its port is under way: what is missing then fails `npm run conformance` only, not the tests. */
  readonly complete: boolean;
  readonly cases: readonly string[];
}

export const SUITES: readonly SuiteCases[] = [SUPERVISOR_SUITE, GEN_SERVER_SUITE, GEN_STATEM_SUITE];
