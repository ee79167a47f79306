/**
 * What of a state is shown to whoever looks at the tree (INSPECTOR §2, "Privacy"): nothing, until its owner says what.
 *
 * A `formatStatus` says it by putting something else in the place of the state. One that gives the state back, itself or in a copy, was made
 * for messages, reasons or logs and has not spoken of the state. `redact(…)` has: its keys are meant for all there is. Pure.
 */
import { formatTerm } from '../actor/format-term.ts';
import { isRedaction, Redaction } from './redact.ts';

/** Characters in which a copy is compared with what it was made of; what differs behind them counts as the same. */
const COMPARED = 65_536;

/** `shown`, if the formatter has made that of the state which was `given`; else undefined. Looks into both as `redact` does. */
export function ownView(given: unknown, shown: unknown, format: unknown): unknown {
  if (Object.is(given, shown)) return undefined;
  return isRedaction(format) || textOf(given) !== textOf(shown) ? shown : undefined;
}

/** Without classes: a copy has none, and still holds the same. */
const textOf = (value: unknown): string =>
  formatTerm(new Redaction(new Set()).show(value), { chars: COMPARED });
