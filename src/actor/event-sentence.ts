/**
 * An event as a few words for people: the `msg` of its line in a log. Pure.
 *
 * Whoever reads the log by machine takes the name and the fields; these words may change.
 */

/** @param fields those of the event; names of actors may come from peers, and are cut and escaped by whoever writes the line. */
export function sentenceOf(event: string, fields: Readonly<Record<string, unknown>>): string {
  const { actor = 'no actor', supervisor, child } = fields as Readonly<Record<string, string | undefined>>;
  switch (event) {
    case 'actor.crash':
      return `${actor} crashed`;
    case 'actor.unhandled':
      return `${actor} got a message it does not handle`;
    case 'runtime.blocked':
      return `${actor} blocked the event loop`;
    case 'runtime.defect':
      return 'a callback of the runtime threw';
    case 'supervisor.progress':
      return `${supervisor} started ${child}`;
    case 'supervisor.child_terminated':
      return `${supervisor}: ${child} ended`;
    case 'supervisor.start_error':
      return `${supervisor}: ${child} did not start`;
    case 'supervisor.shutdown_error':
      return `${supervisor}: ${child} did not stop as it should`;
    case 'supervisor.shutdown':
      return `${supervisor} gave up`;
    default:
      return event.replaceAll(/[._]/g, ' ');
  }
}
