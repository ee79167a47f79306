/** A crash in words: what the supervisor did about it. Pure. */
import type { Crash, Decision } from './wire.ts';

const WORDS: Readonly<Record<Decision, string>> = {
  restarted: 'restarted',
  given_up: 'supervisor gave up',
  stopped: 'stopped',
  not_restarted: 'not restarted',
};

/** The actor that handles one call: nobody restarts it, its caller is told. */
const isCall = ({ type }: Crash): boolean => type === 'Invocation';

/** Who crashed, for people: of a call its procedure. */
export const whoCrashed = (crash: Crash): string =>
  isCall(crash) ? (crash.path.at(-1) ?? crash.label) : crash.label;

/** Short, for a chip. */
export function decisionOf(crash: Crash): string {
  if (isCall(crash)) return 'caller told';
  return crash.decision === undefined ? 'undecided' : (WORDS[crash.decision] ?? crash.decision);
}

/** One sentence, for the detail. */
export function storyOf(crash: Crash): string {
  if (isCall(crash))
    return `It ran one call, whose caller was told handler_crash with this id. No other call was harmed.`;
  const parent = crash.path.at(-1);
  const who = parent === undefined ? 'Nobody supervises it' : `Its supervisor ${parent}`;
  const times = crash.restarts ?? 0;
  const window = times > 0 ? ` Restarts in its window: ${times}.` : '';
  switch (crash.decision) {
    case 'restarted':
      return `${who} restarted it.${window}`;
    case 'given_up':
      return `${who} gave up: more restarts than its intensity allows. The supervisor above decides.${window}`;
    case 'stopped':
      return `${who} stopped with it.${window}`;
    case 'not_restarted':
      return parent === undefined
        ? `${who}: it was not restarted.`
        : `${who} did not restart it: its restart policy says so.${window}`;
    default:
      return parent === undefined ? `${who}.` : `What its supervisor ${parent} did is not known.${window}`;
  }
}

/** Whether a person should look: nothing brought it back. */
export const isGrave = (crash: Crash): boolean =>
  crash.decision === 'given_up' || crash.decision === 'stopped';

/** Newest first, without doubles, at most `limit`. */
export function mergeCrashes(
  known: readonly Crash[],
  news: readonly Crash[],
  limit: number,
): readonly Crash[] {
  const byId = new Map<string, Crash>();
  // what comes later tells more: the decision is made after the crash
  for (const crash of [...known, ...news]) byId.set(crash.id, crash);
  return [...byId.values()].toSorted((a, b) => b.at - a.at).slice(0, limit);
}
