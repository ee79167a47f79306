/**
 * `--ndjson` of what serves until a signal: each event that it reports, as a line of its own when it happens.
 *
 * Listeners hear every occurrence, also those that the log leaves out when there are too many in a second.
 */
import { CATALOGUE, type EventName } from '../../mesh/events/catalogue.ts';
import type { NodeEvents } from '../../mesh/events/node-events.ts';
import { documentText } from '../json-value.ts';
import { print } from '../terminal.ts';

interface Reporting {
  readonly events: NodeEvents;
}

/** From now on; whoever calls it right after the start, and prints the ready line before, loses none that comes after that line. */
export function tellEvents({ events }: Reporting): void {
  for (const name of Object.keys(CATALOGUE) as readonly EventName[])
    events.addEventListener(name, ({ type, detail }) => print(documentText({ event: type, ...detail })));
}
