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
import { deltaPieces, treePieces } from './tree-text.ts';

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
  readonly #lines: { readonly event: string; readonly json: string }[] = [];
  readonly #views = new Map<string, string>();
  /** Goes on with the tree that is being sent. */
  #next: (() => void) | undefined;
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
      if (this.#next === undefined) this.#flush();
      else this.#next();
    });
    this.#leave = watch.subscribe(() => this.#flush(), interval);
  }

  /** Sends the whole tree, and from then on what changes. */
  async start(): Promise<void> {
    const tree = await this.#watch.tree();
    this.#seq = tree.seq;
    this.#tree(tree);
    this.#flush();
  }

  get #busy(): boolean {
    return this.#full || this.#sending;
  }

  /** Something that is told once, as JSON. */
  line(event: string, json: string): void {
    if (this.#lines.length >= WAITING) {
      this.#lines.shift();
      this.#lost++;
    }
    this.#lines.push({ event, json });
    this.#flush();
  }

  /** How a view looks now, as JSON. */
  view(name: string, json: string): void {
    this.#views.set(name, json);
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
      if (delta.reset === true) this.#tree(delta);
      else this.#send('delta', deltaPieces(delta, '\n\n'));
    }
    if (!this.#busy && this.#lost > 0) {
      this.#write('lost', JSON.stringify({ lines: this.#lost }));
      this.#lost = 0;
    }
    while (!this.#busy && this.#lines.length > 0) {
      const { event, json } = this.#lines.shift() as { event: string; json: string };
      this.#write(event, json);
    }
    for (const [name, json] of this.#views) {
      if (this.#busy) break;
      this.#views.delete(name);
      this.#write('view', json);
    }
  }

  #tree(tree: Delta): void {
    this.#send('snapshot', treePieces(this.#node, tree, '\n\n'));
  }

  /** Nothing else is written between the pieces, and none ahead of its reader; whoever leaves meanwhile is told no more. */
  #send(event: string, pieces: Iterator<string, void>): void {
    const response = this.#response;
    let text = `event: ${event}\ndata: `;
    let piece = pieces.next();
    this.#sending = true;
    const send = (): void => {
      this.#next = undefined;
      if (response.destroyed || response.writableEnded || piece.done === true) return;
      this.#full = !response.write(`${text}${piece.value}`);
      text = '';
      piece = pieces.next();
      if (piece.done === true) {
        this.#sending = false;
        this.#flush();
      } else if (this.#full) this.#next = () => this.#clock.later(send);
      else this.#clock.later(send);
    };
    send();
  }

  #write(event: string, json: string): void {
    this.#full = !this.#response.write(`event: ${event}\ndata: ${json}\n\n`);
  }
}
