/**
 * Where a node's events come together: to its log, to who listens at `node.events`, to `diagnostics_channel`.
 *
 * Not an actor: it is there before the first and after the last of them. Whoever has an event says so with `emit`;
 * where that is frequent, it looks at `wants` first, so that an event nobody wants costs one comparison.
 */
import { outlineReason } from '../../actor/outline.ts';
import { entryOf, type Report } from '../../actor/report.ts';
import { sentenceOf } from '../../actor/event-sentence.ts';
import { isWanted, type LogFields, type Logger } from '../../actor/logger.ts';
import type { Runtime } from '../../actor/runtime.ts';
import { CallEvents } from './call-events.ts';
import {
  CATALOGUE,
  definitionOf,
  MESH_EVENTS,
  type EventName,
  type MeshEventName,
  type MeshFields,
} from './catalogue.ts';
import { EventSource, type NodeEvents } from './node-events.ts';
import { Sampler } from './sampling.ts';

const NAMES = Object.keys(CATALOGUE) as readonly EventName[];

const flags = (value: (name: EventName) => boolean): Record<EventName, boolean> =>
  Object.fromEntries(NAMES.map((name) => [name, value(name)])) as Record<EventName, boolean>;

export class EventHub {
  /** Whether anybody wants this event now. */
  readonly wants: Record<EventName, boolean>;
  /** What happens to calls. */
  readonly calls: CallEvents;
  readonly #runtime: Runtime;
  readonly #logger: Logger;
  readonly #logged: Readonly<Record<EventName, boolean>>;
  readonly #source: EventSource;
  /** From its start to its end. */
  #life: { readonly role: string; readonly id: string; readonly since: number } | undefined;
  #leaving: { readonly since: number; readonly lost: number } | undefined;
  readonly #samplers = new Map<MeshEventName, Sampler>();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#logger = runtime.logger;
    this.#logged = flags((name) => name in MESH_EVENTS && isWanted(this.#logger, definitionOf(name).level));
    this.wants = { ...this.#logged };
    this.#source = new EventSource(
      () => {
        for (const name of NAMES) this.wants[name] = this.#logged[name] || this.#source.hears(name);
      },
      (error) => runtime.defect(error),
    );
    this.calls = new CallEvents(this, runtime);
  }

  /** What users listen to. */
  get target(): NodeEvents {
    return this.#source as NodeEvents;
  }

  emit<Name extends MeshEventName>(name: Name, fields: MeshFields<Name>): void {
    if (!this.wants[name]) return;
    if (this.#logged[name]) this.#log(name, fields);
    this.#source.tell(name, fields as never);
  }

  /** A report of this tree; the runtime has logged it already. */
  report(report: Report): void {
    const name = NAME_OF[report.tag];
    if (name !== undefined && !this.#source.hears(name)) return;
    const entry = entryOf(report, this.#runtime.crashDetails);
    if (entry !== undefined) this.#source.tell(entry.event, entry.fields as never);
  }

  /** A node listens, or a client was accepted. */
  started(fields: MeshFields<'node.started'>): void {
    this.#life = { role: fields.role, id: fields.id, since: this.#runtime.clock.now() };
    this.emit('node.started', fields);
  }

  /** It leaves, with so many calls of its own in flight. */
  draining(calls: number): void {
    this.#leaving = { since: this.#runtime.clock.now(), lost: this.calls.lost };
    this.emit('drain.begun', { calls });
  }

  /** What was in flight has ended, one way or the other. */
  drained(): void {
    if (this.#leaving === undefined) return;
    const { since, lost } = this.#leaving;
    const ms = Math.round(this.#runtime.clock.now() - since);
    this.emit('drain.ended', { ms, cut: this.calls.lost - lost });
  }

  /** The tree is gone: tells what was left out of the log until now. */
  stopped(reason: unknown): void {
    if (this.#life === undefined) return;
    const { role, id, since } = this.#life;
    this.#life = undefined;
    for (const [of, sampler] of this.#samplers) {
      const skipped = sampler.flush();
      if (skipped > 0) this.emit('events.skipped', { of, skipped });
    }
    const ms = Math.round(this.#runtime.clock.now() - since);
    this.emit('node.stopped', { role, id, reason: outlineReason(reason), ms });
  }

  #log(name: MeshEventName, fields: LogFields): void {
    const { level, perSecond } = definitionOf(name);
    const skipped =
      perSecond === undefined ? 0 : this.#sampler(name, perSecond).take(this.#runtime.clock.now());
    if (skipped === undefined) return;
    const all = skipped === 0 ? { event: name, ...fields } : { event: name, ...fields, skipped };
    try {
      this.#logger[level](all, sentenceOf(name, fields));
    } catch {
      // a logger that throws has nowhere to say so
    }
  }

  #sampler(name: MeshEventName, perSecond: number): Sampler {
    let sampler = this.#samplers.get(name);
    if (sampler === undefined) this.#samplers.set(name, (sampler = new Sampler(perSecond)));
    return sampler;
  }
}

/** Reports with a name of their own; a supervisor's depends on what it reports. */
const NAME_OF: Readonly<Partial<Record<Report['tag'], EventName>>> = {
  crash: 'actor.crash',
  progress: 'supervisor.progress',
  unhandled: 'actor.unhandled',
};
