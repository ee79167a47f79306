/**
 * Server-sent events, from pieces of text as they come. Pure but for what it holds: one unfinished event, bounded.
 *
 * Source: WHATWG HTML, "Server-sent events", as far as the inspector uses it (`event` and `data`, no ids).
 */

export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

export class EventReader {
  readonly #most: number;
  #rest = '';
  #name = '';
  #data: string[] = [];
  #size = 0;

  /** @param most characters of one event; more is a `RangeError`. */
  constructor(most: number) {
    this.#most = most;
  }

  /** The events that are whole now. */
  push(text: string): readonly ServerEvent[] {
    this.#rest += text;
    if (this.#rest.length + this.#size > this.#most) throw new RangeError('an event is too long');
    // a long line comes in many pieces: it is looked at when it has ended
    if (!text.includes('\n')) return [];
    const lines = this.#rest.split('\n');
    this.#rest = lines.pop() ?? '';
    const events: ServerEvent[] = [];
    for (const line of lines) {
      const event = this.#take(line.endsWith('\r') ? line.slice(0, -1) : line);
      if (event !== undefined) events.push(event);
    }
    return events;
  }

  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#whole();
    const colon = line.indexOf(':');
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? '' : line.slice(colon + (line[colon + 1] === ' ' ? 2 : 1));
    if (field === 'event') this.#name = value;
    if (field !== 'data') return undefined;
    this.#data.push(value);
    this.#size += value.length;
    return undefined;
  }

  #whole(): ServerEvent | undefined {
    const event = { name: this.#name === '' ? 'message' : this.#name, data: this.#data.join('\n') };
    const told = this.#data.length > 0;
    this.#name = '';
    this.#data = [];
    this.#size = 0;
    return told ? event : undefined;
  }
}
