/**
 * One who watches: an event stream of the tree, of crashes, of the log and of views (WHATWG HTML §9.2, server-sent events).
 *
 * Nothing is written while the last has not left. What changes of the tree waits in the watch, of a view only the last counts; crashes
 * and lines of the log wait here, a hundred of each, then the oldest go.
 */
import type { ServerResponse } from 'node:http';
import type { Clock } from '../../actor/clock.ts';
import type { Delta } from '../delta.ts';
import type { InspectorSource } from '../source.ts';
import type { Watch } from '../watch.ts';
import { begin } from './answer.ts';
import { treePieces } from './tree-text.ts';

/** Crashes, and lines of the log, that wait for a slow reader. */
const WAITING = 100;

export class EventStream {
  readonly #response: ServerResponse;
  readonly #watch: Watch;
  readonly #node: string;
  readonly #clock: Clock;
  readonly #leave: () => void;
  /** Of the last delta that was sent; -1: none. */
  #seq = -1;
  #full = false;
  #sending = false;
  readonly #lines: { readonly event: string; readonly data: unknown }[] = [];
  readonly #views = new Map<string, unknown>();
  /** Lines that nobody will see. */
  #lost = 0;

  /** @param interval between two looks, ms. */
  constructor(
    response: ServerResponse,
    { watch, facts }: Pick<InspectorSource, 'watch' | 'facts'>,
    clock: Clock,
    interval: number | undefined,
  ) {
    this.#response = response;
    this.#watch = watch;
    this.#node = facts.node;
    this.#clock = clock;
    begin(response, 200, 'text/event-stream', { 'X-Accel-Buffering': 'no' });
    response.flushHeaders();
    response.on('drain', () => {
      this.#full = false;
      this.#flush();
    });
    this.#leave = watch.subscribe(() => this.#flush(), interval);
  }

  /** Sends the whole tree, and from then on what changes. */
  async start(): Promise<void> {
    const tree = await this.#watch.tree();
    this.#seq = tree.seq;
    this.#send(tree);
    this.#flush();
  }

  get #busy(): boolean {
    return this.#full || this.#sending;
  }

  /** Something that is told once. */
  line(event: string, data: unknown): void {
    if (this.#lines.length >= WAITING) {
      this.#lines.shift();
      this.#lost++;
    }
    this.#lines.push({ event, data });
    this.#flush();
  }

  /** How a view looks now. */
  view(name: string, data: unknown): void {
    this.#views.set(name, data);
    this.#flush();
  }

  /** Shows those between us that somebody is there. */
  keepAlive(): void {
    if (!this.#busy) this.#full = !this.#response.write(': keep-alive\n\n');
  }

  close(): void {
    this.#leave();
    this.#response.end();
  }

  #flush(): void {
    if (this.#seq < 0) return;
    const delta = this.#busy ? undefined : this.#watch.since(this.#seq);
    if (delta !== undefined) {
      this.#seq = delta.seq;
      if (delta.reset === true) this.#send(delta);
      else this.#write('delta', delta);
    }
    if (!this.#busy && this.#lost > 0) {
      this.#write('lost', { lines: this.#lost });
      this.#lost = 0;
    }
    while (!this.#busy && this.#lines.length > 0) {
      const { event, data } = this.#lines.shift() as { event: string; data: unknown };
      this.#write(event, data);
    }
    for (const [name, data] of this.#views) {
      if (this.#busy) break;
      this.#views.delete(name);
      this.#write('view', data);
    }
  }

  /** Nothing else is written between the pieces of a tree; whoever leaves meanwhile is told no more. */
  #send(tree: Delta): void {
    const pieces = treePieces(this.#node, tree, '\n\n');
    const response = this.#response;
    let text = 'event: snapshot\ndata: ';
    const send = (piece: IteratorResult<string, void>): void => {
      this.#sending = piece.done !== true;
      if (piece.done === true) return this.#flush();
      if (response.destroyed || response.writableEnded) return undefined;
      this.#full = !response.write(`${text}${piece.value}`);
      text = '';
      const next = pieces.next();
      if (next.done === true) send(next);
      else this.#clock.later(() => send(next));
      return undefined;
    };
    send(pieces.next());
  }

  #write(event: string, data: unknown): void {
    this.#full = !this.#response.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
  }
}
