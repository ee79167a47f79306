/**
 * Wins relayed connections a direct path: one punch at a time for each, again after a pause when it fails, and at once when
 * a direct path is lost. Driven by the NAT connector's actor alone.
 *
 * A punch that cannot succeed is not begun: when the outside ports of both sides cannot be foretold, or those of one, and the other
 * is known to let in nobody it has not sent to. What is not known is tried (SPEC §8.3).
 */
import type { Process, Self } from '../../../actor/process.ts';
import { seconds } from '../../../actor/clock.ts';
import { startServerLink } from '../../../otp/gen-server.ts';
import { shared, type MeshContext } from '../../context.ts';
import { punchFailed } from '../../events/path-events.ts';
import type { Standing } from '../../peer/standings.ts';
import { noteWay } from '../../peer/way-notes.ts';
import { sessionAt } from '../../relay/relays.ts';
import { natReport } from '../detection/nat-profile.ts';
import { isRelayed } from './peer-paths.ts';
import { PathMoved, punchingServer, type PunchingArgs } from '../punch/punching.ts';
import { punchParameters, worstNat } from '../punch/punch-parameters.ts';
import { punchFailure, type PunchFailure } from '../punch/punch-session.ts';
import { nextPorts } from '../punch/next-ports.ts';
import { punchObstacle, strategyFor } from '../punch/strategy.ts';
import { kindOf, type NatClass } from '../taxonomy.ts';

/** Pauses between two tries, ms; the last one again and again. */
const PAUSES = [0, seconds(30), seconds(60), seconds(120), seconds(300), seconds(600)] as const;

interface Upgrade {
  readonly connection: Process;
  /** In a row, without success. */
  tries: number;
  punching: Process | undefined;
  /** When the last try began, clock ms; and the station that helps. */
  since: number;
  stationId: string;
  /** Another try is on its way. */
  waiting: boolean;
}

/** What is done for one relayed connection. */
export interface UpgradeStatus {
  /** Hex id. */
  readonly peer: string;
  /** In a row, without success. */
  readonly tries: number;
  /** A punch is under way. */
  readonly punching: boolean;
  /** Another try will come. */
  readonly waiting: boolean;
}

/** It is time for another try. */
export class UpgradeDue {
  readonly connection: Process;
  constructor(connection: Process) {
    this.connection = connection;
  }
}

export class Upgrades {
  readonly #context: MeshContext;
  readonly #self: Self;
  readonly #upgrades = new Map<Process, Upgrade>();

  constructor(context: MeshContext, self: Self) {
    this.#context = context;
    this.#self = self;
  }

  /** Packets of a connection that we have dialed go through a station. */
  want(connection: Process): void {
    const known = this.#upgrades.get(connection);
    if (known?.punching !== undefined) return;
    if (known?.waiting === true) {
      // the pause was for another path, which was won and lost again
      if (known.tries === 0) this.#self.send(this.#self as Process, new UpgradeDue(connection));
      return;
    }
    // what is known by then decides about the next try; the first one does not wait for it
    if (this.#own === undefined) natReport(this.#context).catch(() => undefined);
    const idle = { tries: 0, punching: undefined, since: 0, stationId: '', waiting: false };
    const upgrade = known ?? { connection, ...idle };
    this.#upgrades.set(connection, upgrade);
    this.#later(upgrade);
  }

  /** They go directly. */
  won(connection: Process): void {
    const upgrade = this.#upgrades.get(connection);
    if (upgrade === undefined) return;
    upgrade.tries = 0;
    if (upgrade.punching !== undefined) this.#self.send(upgrade.punching, new PathMoved());
  }

  /** The network is another one: what failed may succeed. */
  again(): void {
    for (const upgrade of this.#upgrades.values()) {
      upgrade.tries = 0;
      if (upgrade.punching === undefined)
        this.#self.send(this.#self as Process, new UpgradeDue(upgrade.connection));
    }
  }

  /** Relayed connections that want a direct path, at most `most` of them. */
  status(most: number): readonly UpgradeStatus[] {
    const told: UpgradeStatus[] = [];
    for (const { connection, tries, punching, waiting } of this.#upgrades.values()) {
      if (told.length >= most) break;
      const peer = this.#context.standings.find(connection)?.peerId ?? '';
      told.push({ peer, tries, punching: punching !== undefined, waiting });
    }
    return told;
  }

  get size(): number {
    return this.#upgrades.size;
  }

  due({ connection }: UpgradeDue): void {
    const upgrade = this.#upgrades.get(connection);
    const standing = this.#context.standings.find(connection);
    if (upgrade === undefined) return;
    upgrade.waiting = false;
    upgrade.since = upgrade.punching === undefined ? this.#self.clock.now() : upgrade.since;
    if (standing === undefined || upgrade.punching !== undefined || !isRelayed(standing.link())) return;
    const why = punchObstacle(this.#own, standing.nat);
    if (why === undefined) this.#punch(upgrade, standing);
    else this.#failed(upgrade, why);
  }

  /** A process that was monitored has ended. */
  ended(process: Process, reason: unknown): void {
    this.#upgrades.delete(process);
    for (const upgrade of this.#upgrades.values()) {
      if (upgrade.punching !== process) continue;
      upgrade.punching = undefined;
      const { counters } = this.#context;
      if (reason === 'normal') counters.punchesWon++;
      else counters.punchesLost++;
      if (reason !== 'normal') this.#failed(upgrade, failureIn(reason));
      else this.#note(upgrade);
      return;
    }
  }

  #failed(upgrade: Upgrade, reason: PunchFailure): void {
    const standing = this.#context.standings.find(upgrade.connection);
    this.#note(upgrade, reason);
    upgrade.tries = Math.max(1, upgrade.tries);
    // where the matrix sees no chance, one try now and then is enough
    if (standing !== undefined && strategyFor(this.#own, standing.nat) === 'relay')
      upgrade.tries = PAUSES.length;
    const pause = this.#later(upgrade);
    if (standing !== undefined) punchFailed(this.#context, standing, reason, pause);
  }

  /** A try is over. */
  #note({ connection, stationId, since }: Upgrade, failure?: PunchFailure): void {
    const peer = this.#context.standings.find(connection)?.peerId;
    if (peer === undefined) return;
    const way = { peer, step: 'punch', where: stationId } as const;
    noteWay(this.#context, way, since, failure === undefined ? 'won' : 'failed', failure ?? '');
  }

  /** Gives the pause in ms. */
  #later(upgrade: Upgrade): number {
    const pause = PAUSES[Math.min(upgrade.tries++, PAUSES.length - 1)] ?? 0;
    if (!upgrade.waiting) this.#self.sendAfter(pause, new UpgradeDue(upgrade.connection));
    upgrade.waiting = true;
    return pause;
  }

  #punch(upgrade: Upgrade, standing: Standing): void {
    const link = standing.link();
    const session = link === undefined ? undefined : sessionAt(this.#context.relays, link.observed);
    if (session === undefined) {
      this.#failed(upgrade, 'peer_gone');
      return;
    }
    const [ours, theirs] = [this.#own, standing.nat];
    const [trying = seconds(2)] = punchParameters(worstNat(kindOf(ours), kindOf(theirs))).timeouts;
    const args: PunchingArgs = {
      context: this.#context,
      connection: upgrade.connection,
      stationId: session.stationId,
      trying,
      ports: nextPorts(this.#context),
    };
    const result = startServerLink(this.#self, punchingServer, args, {});
    if (result instanceof Promise || result.tag !== 'ok') {
      this.#failed(upgrade, 'canceled');
      return;
    }
    upgrade.punching = result.pid as Process;
    upgrade.stationId = session.stationId;
    this.#self.monitor(upgrade.punching);
  }

  get #own(): NatClass | undefined {
    return shared(this.#context, 'natProfile')?.profile;
  }
}

/** What a punch ended with; a crash is as good as giving up. */
function failureIn(reason: unknown): PunchFailure {
  const said =
    typeof reason === 'object' && reason !== null && 'shutdown' in reason ? reason.shutdown : undefined;
  return punchFailure(said) ?? 'canceled';
}
