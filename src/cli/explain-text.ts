/**
 * How a call found its provider, and how packets go, for people. Pure.
 */
import type { Explanation } from '../mesh/router/explanation.ts';
import { columns } from './columns.ts';
import { millis } from './duration.ts';

/** Digits of a node's id that tell it from others. */
const ID_DIGITS = 16;

export const shortId = (id: string): string => id.slice(0, ID_DIGITS);

/** On which way packets go; `via` is the id of the station between, if there is one. */
export const pathText = ({ path, via }: { readonly path: string; readonly via: string }): string =>
  via === '' ? path : `${path} by ${shortId(via)}`;

export function explainText(explanation: Explanation): readonly string[] {
  const { tier, providers, hops, discovery, attempts, ms } = explanation;
  const found = tier === undefined ? 'found: nobody' : `found: ${tier}`;
  const way = hops === undefined ? '' : `, ${count(hops, 'hop')}`;
  const known = `${count(providers, 'provider')} known${way}`;
  return [
    `${found}; ${known}; ${millis(discovery)} to find, ${millis(ms)} in all`,
    ...columns(
      attempts.map(({ node, route, outcome, sent, ms: took }, index) => [
        `  ${index + 1}`,
        node === '' ? '-' : shortId(node),
        route,
        outcome,
        sent ? 'sent' : 'not sent',
        millis(took),
      ]),
    ),
  ];
}

const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`;
