/**
 * Server-sent events, from pieces of text as they come (WHATWG HTML §9.2, as far as the node uses it). Pure but for the unfinished one.
 *
 * `EventSource` does the same, but sends no headers, and so no key.
 */
export interface ServerEvent {
  readonly name: string;
  readonly data: string;
}

export class EventReader {
  /** Pieces of a line that has not ended: joined once, since a tree is a long line. */
  #rest: string[] = [];
  #name = '';
  #data: string[] = [];

  /** The events that are whole now. */
  push(text: string): readonly ServerEvent[] {
    const lines = text.split('\n');
    const rest = lines.pop() ?? '';
    const events: ServerEvent[] = [];
    for (const [index, end] of lines.entries()) {
      const line = index === 0 ? [...this.#rest.splice(0), end].join('') : end;
      const event = this.#take(line);
      if (event !== undefined) events.push(event);
    }
    if (rest !== '') this.#rest.push(rest);
    return events;
  }

  #take(line: string): ServerEvent | undefined {
    if (line === '') return this.#whole();
    const colon = line.indexOf(':');
    if (colon < 1) return undefined;
    const value = line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1);
    const field = line.slice(0, colon);
    if (field === 'event') this.#name = value;
    else if (field === 'data') this.#data.push(value);
    return undefined;
  }

  #whole(): ServerEvent | undefined {
    const event = { name: this.#name, data: this.#data.join('\n') };
    const told = this.#data.length > 0;
    this.#name = '';
    this.#data = [];
    return told ? event : undefined;
  }
}
