/**
 * Links and monitors between the processes of two nodes, as this end knows them. Pure.
 *
 * Whatever is in here when the connection ends is told `noconnection`. A link that was taken away here counts as gone at once; exits
 * of it that are still on their way are ignored until the other end has acknowledged (Erlang/OTP "Distribution Protocol",
 * Link Protocol).
 */
import type { Monitor } from '../../actor/monitor.ts';
import type { Ref } from '../../actor/pid.ts';
import type { Process } from '../../actor/process.ts';
import type { NodePid } from '../node-pid.ts';

/** Links and monitors of one connection, each way, at most. */
export const MAX_RELATIONS = 262_144;

interface Link {
  active: boolean;
  /** The last unlink that is not acknowledged. */
  unlinking: number | undefined;
}

/** A monitor that the other end has on a process here. */
export interface Watched {
  readonly monitor: Ref;
}

export class Relations {
  readonly #links = new Map<Process, Map<NodePid, Link>>();
  readonly monitors: Map<number, Monitor> = new Map();
  /** By reference. */
  readonly watched: Map<string, Watched> = new Map();
  #count = 0;
  #unlinks = 0;

  /** Links, those included whose end is not acknowledged, and monitors, each way. */
  get size(): number {
    return this.#count + this.monitors.size + this.watched.size;
  }

  /** Room for one more. */
  get room(): boolean {
    return this.size < MAX_RELATIONS;
  }

  link(here: Process, there: NodePid): void {
    const link = this.#find(here, there);
    if (link !== undefined) {
      link.active = true;
      return;
    }
    let links = this.#links.get(here);
    if (links === undefined) this.#links.set(here, (links = new Map<NodePid, Link>()));
    links.set(there, { active: true, unlinking: undefined });
    this.#count++;
  }

  /** Whether the other end has yet to acknowledge that the link was taken away: a link that it makes is older than that. */
  isUnlinking(here: Process, there: NodePid): boolean {
    return this.#find(here, there)?.unlinking !== undefined;
  }

  /** This end takes the link away. The id that the other end is to acknowledge; undefined when there was no link. */
  unlink(here: Process, there: NodePid): number | undefined {
    const link = this.#find(here, there);
    if (link?.active !== true) return undefined;
    link.active = false;
    link.unlinking = ++this.#unlinks;
    return link.unlinking;
  }

  acknowledged(here: Process, there: NodePid, id: number): void {
    const link = this.#find(here, there);
    if (link?.unlinking !== id) return;
    link.unlinking = undefined;
    if (!link.active) this.#drop(here, there);
  }

  /** The other end took it away, or this one died. False when there was none. */
  gone(here: Process, there: NodePid): boolean {
    const link = this.#find(here, there);
    if (link === undefined) return false;
    const { active } = link;
    link.active = false;
    if (link.unlinking === undefined) this.#drop(here, there);
    return active;
  }

  /** The other end died. False when that is of a link which is no more. */
  broken(here: Process, there: NodePid): boolean {
    const link = this.#find(here, there);
    if (link === undefined || link.unlinking !== undefined) return false;
    return this.gone(here, there);
  }

  /** All links that are there. */
  *links(): Generator<readonly [here: Process, there: NodePid]> {
    for (const [here, links] of this.#links)
      for (const [there, { active }] of links) if (active) yield [here, there];
  }

  #find(here: Process, there: NodePid): Link | undefined {
    return this.#links.get(here)?.get(there);
  }

  #drop(here: Process, there: NodePid): void {
    const links = this.#links.get(here);
    if (links?.delete(there) !== true) return;
    this.#count--;
    if (links.size === 0) this.#links.delete(here);
  }
}
