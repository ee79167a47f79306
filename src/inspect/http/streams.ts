/**
 * Those who watch: at most eight, each with the views it wants (SECURITY §11).
 */
import type { ServerResponse } from 'node:http';
import type { Clock, TimerId } from '../../actor/clock.ts';
import type { Crash } from '../../mesh/events/events-server.ts';
import type { InspectorSource, LogLine } from '../source.ts';
import { INTERVAL } from '../watch.ts';
import { answerJson } from './answer.ts';
import { EventStream } from './stream.ts';

const STREAMS = 8;
/** Milliseconds between two signs of life, so that nobody between us takes silence for death. */
const KEEP_ALIVE = 15_000;
/** Milliseconds between two looks at a view. */
const VIEW = 1_000;

interface Watcher {
  readonly stream: EventStream;
  readonly views: readonly string[];
}

export class Streams {
  readonly #source: InspectorSource;
  readonly #clock: Clock;
  readonly #fault: (error: unknown) => void;
  readonly #watchers = new Set<Watcher>();
  /** Views that are being looked at. */
  readonly #looking = new Set<string>();
  #timer: TimerId | undefined;
  #beats = 0;
  #leave: (() => void)[] = [];

  constructor(
    source: InspectorSource,
    { clock, fault }: { readonly clock: Clock; readonly fault: (error: unknown) => void },
  ) {
    this.#source = source;
    this.#clock = clock;
    this.#fault = fault;
  }

  async open(wanted: URLSearchParams, response: ServerResponse): Promise<void> {
    if (this.#watchers.size >= STREAMS) {
      answerJson(response, 429, { error: `${STREAMS} event streams are open` });
      return;
    }
    const { views } = this.#source;
    const interval = Number(wanted.get('interval') ?? INTERVAL.usual);
    const stream = new EventStream(
      response,
      this.#source,
      this.#clock,
      Number.isFinite(interval) ? interval : undefined,
    );
    const named = (wanted.get('views') ?? '').split(',').filter((name) => Object.hasOwn(views, name));
    const watcher: Watcher = { stream, views: [...new Set(named)] };
    this.#watchers.add(watcher);
    response.on('close', () => this.#left(watcher));
    if (this.#watchers.size === 1) this.#begin();
    await stream.start();
    await Promise.all(watcher.views.map((name) => this.#lookAt(name)));
  }

  close(): void {
    for (const watcher of this.#watchers) {
      this.#watchers.delete(watcher);
      watcher.stream.close();
    }
    this.#end();
  }

  #left(watcher: Watcher): void {
    if (!this.#watchers.delete(watcher)) return;
    watcher.stream.close();
    if (this.#watchers.size === 0) this.#end();
  }

  /** While nobody watches, nobody listens to anything. */
  #begin(): void {
    const { watch } = this.#source;
    this.#leave = [
      this.#source.onCrash((crash) => {
        this.#tell('crash', crash);
        watch.hurry();
      }),
      this.#source.onLog((line) => this.#tell('log', line)),
    ];
    this.#beat();
  }

  /** Made into text here, once: what cannot be is no trouble of a connection. */
  #tell(event: string, data: Crash | LogLine): void {
    const json = JSON.stringify(data);
    for (const { stream } of this.#watchers) stream.line(event, json);
  }

  #end(): void {
    for (const leave of this.#leave.splice(0)) leave();
    if (this.#timer !== undefined) this.#clock.clear(this.#timer);
    this.#timer = undefined;
  }

  #beat(): void {
    this.#timer = this.#clock.setTimer(VIEW, () => {
      // first of all: what is asked below may take long
      this.#beat();
      if (++this.#beats % (KEEP_ALIVE / VIEW) === 0)
        for (const { stream } of this.#watchers) stream.keepAlive();
      for (const name of new Set([...this.#watchers].flatMap(({ views }) => views)))
        this.#lookAt(name).catch(this.#fault);
    });
    this.#clock.hold(this.#timer, false);
  }

  /** One look at a view at a time: who asks meanwhile gets what comes of it. Never rejects. */
  async #lookAt(name: string): Promise<void> {
    if (this.#looking.has(name)) return;
    this.#looking.add(name);
    const { views, watch } = this.#source;
    try {
      const json = JSON.stringify({ name, at: watch.now(), data: await views[name]?.() });
      for (const watcher of this.#watchers) if (watcher.views.includes(name)) watcher.stream.view(name, json);
    } catch (error) {
      this.#fault(error);
    } finally {
      this.#looking.delete(name);
    }
  }
}
