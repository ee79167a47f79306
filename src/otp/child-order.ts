/**
 * In which order a supervisor's children stand, for trees that are shown: who is restarted keeps its place (INSPECTOR §2).
 *
 * The tree of processes has them in the order in which they were started. Here a static supervisor's come as their specifications do, a
 * dynamic one's as they came first. While all stand so already, nothing but a list of them is made.
 */
import type { Process } from '../actor/process.ts';
import { childrenOf } from '../actor/tree.ts';
import { Child } from './child-spec.ts';

/** As the specifications do; whom none names comes last. */
export function bySpecification(
  self: Process,
  specified: ReadonlyMap<string, Child> | undefined,
): readonly Process[] {
  const processes = [...childrenOf(self)];
  if (specified === undefined || asSpecified(processes, specified)) return processes;
  const places = new Map<string, number>();
  for (const id of specified.keys()) places.set(id, places.size);
  return sorted(processes, (process) => places.get(idOf(process) ?? '') ?? places.size);
}

/** As they came first; one that is started again after its end comes last until it runs. */
export function byFirstStart(self: Process): readonly Process[] {
  const processes = [...childrenOf(self)];
  return sorted(processes, ({ child, serial }) => (child instanceof Child ? child.first : serial));
}

function asSpecified(processes: readonly Process[], specified: ReadonlyMap<string, Child>): boolean {
  let at = 0;
  for (const { process } of specified.values())
    if (process !== null && process.alive && processes[at++] !== process) return false;
  return at === processes.length;
}

/** Also of one that is still starting, where it was told its id. */
const idOf = ({ child, info }: Process): string | undefined =>
  child instanceof Child ? child.spec.id : info?.id;

function sorted(processes: readonly Process[], placeOf: (process: Process) => number): readonly Process[] {
  let last = -1;
  for (const process of processes) {
    const place = placeOf(process);
    if (place < last) {
      const places = new Map(processes.map((each) => [each, placeOf(each)]));
      return processes.toSorted((a, b) => (places.get(a) as number) - (places.get(b) as number));
    }
    last = place;
  }
  return processes;
}
