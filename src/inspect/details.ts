/**
 * One actor, looked at closely: what a list does not say of each.
 */
import { ancestorsOf } from '../actor/crash-details.ts';
import type { CurrentMessage } from '../actor/current-message.ts';
import { formatTerm, labelText } from '../actor/format-term.ts';
import { namesOf } from '../actor/names.ts';
import type { Process } from '../actor/process.ts';
import { pathOf } from '../actor/tree.ts';
import { debugOf } from '../otp/sys-debug.ts';
import type { Crash } from '../mesh/events/events-server.ts';
import { factsOf, type ActorFacts } from './snapshot.ts';

export interface ActorDetails {
  readonly row: ActorFacts;
  readonly status: {
    /** Ids, its parent first. */
    readonly ancestors: readonly string[];
    readonly names: readonly string[];
    readonly hibernates: boolean;
    /** Debug functions that are on. */
    readonly debug: readonly string[];
    readonly currentMessage?: CurrentMessage;
    /** Its kind, and what the owner shows of it. */
    readonly state: { readonly type: string; readonly size?: number; readonly shown?: unknown };
  };
  /** Its own and those of its predecessors with that label below the same parents, newest first. */
  readonly crashes: readonly Crash[];
}

/** Names, ancestors and crashes listed. */
const LISTED = 100;
/** Characters of a state that is shown, and of a name that is no text. */
const SHOWN = 8_192;
const NAME = 256;

/** @param all crashes, newest first. */
export function detailsOf(process: Process, all: readonly Crash[]): ActorDetails {
  const row = factsOf(process);
  const path = pathOf(process).map(labelText).join('/');
  return {
    row,
    status: {
      ancestors: ancestorsOf(process).slice(0, LISTED).map(String),
      names: namesOf(process).slice(0, LISTED).map(nameText),
      hibernates: row.details?.['hibernates'] === true,
      debug: debugOf(process)?.options ?? [],
      ...(row.currentMessage === undefined ? {} : { currentMessage: row.currentMessage }),
      state: { ...row.state, ...shownState(process) },
    },
    crashes: all
      .filter(({ label, path: place }) => label === row.name && place.join('/') === path)
      .slice(0, LISTED),
  };
}

const nameText = (name: unknown): string =>
  typeof name === 'string' ? name.slice(0, NAME) : formatTerm(name, { chars: NAME, singleLine: true });

/** What its owner shows of a state; nothing where the owner has not said what may be seen (INSPECTOR §2, privacy). */
function shownState(process: Process): { readonly shown?: string } {
  const view = process.behavior.ownView?.(process);
  return view === undefined ? {} : { shown: formatTerm(view, { chars: SHOWN }) };
}
