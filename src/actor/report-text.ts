/**
 * A report as text for people, with what it holds shown within limits (OTP R6).
 *
 * Pure. It shows states and messages as the report has them: what must not be seen is `formatStatus`'s business.
 */
import { describeReason } from './exit-reason.ts';
import { cut, formatTerm, type FormatLimits } from './format-term.ts';
import type { Report } from './report.ts';

export type { FormatLimits } from './format-term.ts';

/**
 * A report as text. Without limits: several lines, states and messages in full, unless they are too large for people.
 * `chars` bounds the whole text. Never throws.
 */
export function formatReport(report: Report, limits: FormatLimits = {}): string {
  const [head, ...parts] = partsOf(report);
  const lines = parts.map(([name, value]) => {
    const text = value instanceof Error ? errorText(value, limits) : formatTerm(value, limits);
    return limits.singleLine === true ? `${name}: ${text}` : `  ${name}: ${text.replaceAll('\n', '\n    ')}`;
  });
  return cut([head?.[1], ...lines].join(limits.singleLine === true ? '; ' : '\n'), limits);
}

type Part = readonly [name: string, value: unknown];

function errorText(error: Error, { singleLine = false }: FormatLimits): string {
  return singleLine ? describeReason(error) : formatTerm(error);
}

/** The head, then what is said about it. */
function partsOf(report: Report): readonly Part[] {
  const who = `${report.label} ${report.pid.toString()}`;
  switch (report.tag) {
    case 'crash': {
      const { path, reason, queued, type } = report;
      return [
        ['', `${type} ${who} crashed`],
        ['reason', reason],
        ['ancestors', path],
        ['queued', queued],
      ];
    }
    case 'terminate': {
      const { reason, message, state, log, machine = {} } = report;
      const lists = Object.entries({ ...machine, log }).filter(([, list]) => list.length > 0);
      const head = `server ${who} terminates`;
      return [['', head], ['last message', message], ['state', state], ['reason', reason], ...lists];
    }
    case 'supervisor': {
      const { context, child, reason, decision } = report;
      return [
        ['', `supervisor ${who}: ${context}`],
        ['child', child],
        ['reason', reason],
        ['decision', decision],
      ];
    }
    case 'progress':
      return [['', `supervisor ${report.label} started ${report.child} ${report.pid.toString()}`]];
    case 'unhandled': {
      const { kind, message } = report;
      return [
        ['', `${who} got a message it does not handle`],
        ['message', message === undefined ? kind : message],
      ];
    }
    case 'blocked':
      return [['', `${who} blocked the event loop for ${report.ms} ms`]];
  }
}
