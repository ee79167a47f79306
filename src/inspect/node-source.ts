/**
 * The node behind an inspector.
 */
import { sentenceOf } from '../actor/event-sentence.ts';
import { cut } from '../actor/format-term.ts';
import type { LogLevel } from '../actor/logger.ts';
import type { Process } from '../actor/process.ts';
import type { Clock } from '../actor/clock.ts';
import { CATALOGUE, definitionOf, type EventName } from '../mesh/events/catalogue.ts';
import { Sampler } from '../mesh/events/sampling.ts';
import { actOn, find } from './control.ts';
import { detailsOf } from './details.ts';
import type { Inspected } from './inspected.ts';
import type { Action, ActionResult, InspectorSource, LogLine, NodeFacts } from './source.ts';
import type { Watch } from './watch.ts';

/** What a node, or a dist relay, gives its inspector. */
export interface NodeSourceParts {
  readonly context: Inspected;
  readonly root: () => Process | undefined;
  readonly facts: NodeFacts;
  readonly watch: Watch;
  readonly views: Readonly<Record<string, () => Promise<unknown>>>;
  readonly metrics: () => Promise<string>;
  readonly procedure: InspectorSource['procedure'];
  /** Calls a procedure as the node itself. Never rejects. */
  readonly call: (action: Extract<Action, { action: 'call' }>) => Promise<ActionResult>;
}

export function nodeSource(parts: NodeSourceParts): InspectorSource {
  const { context, root, facts, watch, metrics, procedure } = parts;
  const views = Object.fromEntries(Object.entries(parts.views).map(([name, view]) => [name, shared(view)]));
  const { crashes, events, runtime } = context;
  return {
    facts,
    watch,
    views,
    metrics,
    procedure,
    crashes: async () => crashes.all.toReversed(),
    details: async (id) => {
      const top = root();
      const process = top === undefined ? undefined : find(top, id);
      return process === undefined ? undefined : detailsOf(process, crashes.all.toReversed());
    },
    onCrash: (tell) => crashes.listen(tell),
    onLog: (tell) => logOf(context, runtime.clock, tell),
    act: async (action) => {
      const result = await (action.action === 'call' ? parts.call(action) : actOn(root(), action));
      events.emit('inspector.action', {
        action: action.action,
        target: action.action === 'call' ? action.procedure : action.id,
        outcome: result.ok ? 'ok' : result.error.tag,
      });
      return result;
    },
  };
}

/** One look at a time: who asks meanwhile gets what comes of it, so that many ask the actors behind it no more than one does. */
function shared(view: () => Promise<unknown>): () => Promise<unknown> {
  let looking: Promise<unknown> | undefined;
  return () =>
    (looking ??= view().finally(() => {
      looking = undefined;
    }));
}

/** What a log at level `info` tells, and no more often: a page is no place for a line of each call. */
const SHOWN: ReadonlySet<LogLevel> = new Set(['info', 'warn', 'error', 'fatal']);
/** Lines per second of one event, where the catalogue does not say. */
const PER_SECOND = 100;
/** Characters of a text in it: as a line of the log, which has 4 KiB (SECURITY §12). */
const FIELD = { chars: 4_096 } as const;

/** And of the sentence before it. */
const SENTENCE = { chars: 256 } as const;

/** Listens to all of it until what it gives is called. */
function logOf({ events }: Inspected, clock: Clock, tell: (line: LogLine) => void): () => void {
  const names = (Object.keys(CATALOGUE) as EventName[]).filter((name) => SHOWN.has(definitionOf(name).level));
  const leave = names.map((name) => {
    const { level, perSecond = PER_SECOND } = definitionOf(name);
    const sampler = new Sampler(perSecond);
    const listener = ({ detail }: { readonly detail: Readonly<Record<string, unknown>> }): void => {
      const skipped = sampler.take(clock.now());
      if (skipped === undefined) return;
      const fields = fieldsOf(skipped === 0 ? detail : { ...detail, skipped });
      tell({ level, time: clock.wall(), event: name, msg: cut(sentenceOf(name, detail), SENTENCE), fields });
    };
    events.target.addEventListener(name, listener);
    return () => events.target.removeEventListener(name, listener);
  });
  return () => {
    for (const each of leave) each();
  };
}

/** As the log writes them: metadata come from peers, and hold what JSON has no form for. */
function fieldsOf(detail: object): LogLine['fields'] {
  const fields: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(detail) as [string, unknown][])
    fields[name] = typeof value === 'string' ? cut(value, FIELD) : plain(value);
  return fields;
}

function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return typeof value === 'bigint' ? String(value) : value;
  try {
    const json = JSON.stringify(value, (_name, within: unknown) =>
      typeof within === 'bigint' ? String(within) : within,
    );
    return json.length > FIELD.chars ? cut(json, FIELD) : (JSON.parse(json) as unknown);
  } catch {
    return 'a value that cannot be read';
  }
}
