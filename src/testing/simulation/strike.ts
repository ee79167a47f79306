/**
 * Puts one planned fault on a running mesh, and takes it away when its time is over.
 *
 * What strikes somebody who is not there strikes nobody.
 */
import type { Link } from '../../transport/transport.ts';
import { shared } from '../../mesh/context.ts';
import type { Fault } from './configuration.ts';
import { contextOf, processesOf, type Member } from './member.ts';
import type { Mesh } from './mesh.ts';

/** Milliseconds of one-way delay at worst. */
const DELAY = 200;
/** Bytes per second at worst and at best. */
const RATE = { least: 4_000, most: 100_000 };
/** Members on one side of a partition at most: each of them has a way of its own to each on the other. */
const CUT = 50;
/** Share of the kills that strike the probes. */
const PROBES = 0.3;
const PROBED: ReadonlySet<string> = new Set(['receiver', 'courier', 'warden']);
/** Actors that have to do with stations and the ways through them. */
const WAYS: ReadonlySet<string> = new Set([
  'natConnector',
  'natProfile',
  'nat attempt',
  'hole punch',
  'peerings',
  'relay',
]);
/** Restarts that the probes' supervisor tolerates, and milliseconds between two kills. */
const TOLERATED = 3;
const KILL_PAUSE = 400;
/** Milliseconds the wall clock jumps at most, either way. */
const JUMP = 120_000;

/** Does what ends a fault when its time is over. */
type Later = (end: () => void) => void;

/** @param open whether the storm still rages: afterwards the calm has ended every fault already. */
export function strike(mesh: Mesh, fault: Fault, open: () => boolean): void {
  const { faults } = mesh.network;
  const { kind, lasts, ways, size } = fault;
  const who = mesh.at(fault.who);
  const whom = mesh.at(fault.whom);
  const [from, to] = [who.host, whom.host];
  const later: Later = (end) => {
    mesh.clock.setTimer(lasts, () => {
      if (open()) end();
    });
  };
  const link = linkOf(who, size);
  mesh.ledger.struck(kind);
  mesh.ledger.log(mesh.clock.now(), `fault ${kind} ${from} ${to}`);
  switch (kind) {
    case 'delay':
      faults.delay(from, to, { base: size * DELAY, jitter: size * DELAY }, ways);
      return later(() => faults.delay(from, to, undefined, ways));
    case 'raw':
      faults.raw(from, to, { loss: size, duplicate: size, reorder: size }, ways);
      return later(() => faults.raw(from, to, undefined, ways));
    case 'reorder':
      faults.reorder(from, to, { share: size, window: 50 }, ways);
      return later(() => faults.reorder(from, to, undefined, ways));
    case 'rate':
      faults.rate(from, to, RATE.least + size * (RATE.most - RATE.least), ways);
      return later(() => faults.rate(from, to, undefined, ways));
    case 'stall':
      return faults.stall(from, to, lasts, ways);
    case 'cut':
      if (from === to) return;
      faults.cut(from, to, ways);
      return later(() => faults.heal(from, to, ways));
    case 'partition': {
      const cut = Math.min(CUT, 1 + Math.floor(size * (mesh.members.length - 1)));
      const hosts = mesh.members.map(({ host }) => host);
      // whoever has a number from there on: a part of any size, never the same
      const turned = [...hosts.slice(who.index), ...hosts.slice(0, who.index)];
      const [left, right] = [turned.slice(0, cut), turned.slice(cut)];
      if (right.length === 0) return;
      faults.partition(left, right, ways);
      return later(() => faults.healAll());
    }
    case 'reset':
      if (link !== undefined) faults.resetLink(link);
      return;
    case 'forget':
      if (link !== undefined) faults.forgetLink(link);
      return;
    case 'slow reader':
      if (link === undefined) return;
      faults.stopReading(link);
      return later(() => faults.startReading(link));
    case 'crash':
      return restart(mesh, who, lasts);
    case 'endpoint':
      faults.kill(from);
      return exit(who, (label) => label === 'endpoint', 0);
    case 'kill':
      // the probes, which tell most about it, are few among many
      if (size < PROBES) return killProbes(mesh, who, fault);
      // the root is nobody's child: its death is a crash
      return exit(who, (label) => label !== 'node' && label !== 'client', (size - PROBES) / (1 - PROBES));
    case 'jump':
      return mesh.clock.jump((size * 2 - 1) * JUMP);
    case 'rebind':
    case 'block':
    case 'station':
    case 'between':
    case 'kill way':
      return strikeWay(mesh, fault, later);
  }
}

/** Where there are NATs and stations; elsewhere nobody is struck. */
function strikeWay(mesh: Mesh, { kind, who, whom, lasts, ways, size }: Fault, later: Later): void {
  const { faults } = mesh.network;
  const behind = mesh.members.filter(({ nat }) => nat !== undefined);
  const stations = mesh.members.filter(({ place }) => place.peers !== undefined);
  const [one, other] = [behind[who % behind.length], behind[whom % behind.length]];
  if (kind === 'station') {
    const station = stations[who % stations.length];
    if (station !== undefined) restart(mesh, station, lasts);
  } else if (kind === 'kill way') exit(mesh.at(who), (label) => WAYS.has(label), size);
  else if (one?.nat === undefined) return;
  else if (kind === 'rebind') faults.rebind(one.nat);
  else if (kind === 'block') {
    const { nat, place } = one;
    // where nothing got through before, nothing does afterwards
    if (mesh.terrain.nats[place.nat ?? 0]?.type === 'blocked') return;
    faults.block(nat, true);
    later(() => faults.block(nat, false));
  } else if (other !== undefined && other.host !== one.host) {
    const { host: from } = one;
    const { host: to } = other;
    faults.cut(from, to, ways);
    later(() => faults.heal(from, to, ways));
  }
}

function restart(mesh: Mesh, who: Member, pause: number): void {
  mesh.crash(who);
  if (who.life === undefined) mesh.startAgain(who, pause);
}

/** One of the probes once, or one after the other more often than their supervisor tolerates. */
function killProbes(mesh: Mesh, who: Member, { ways, size }: Fault): void {
  const kill = (): void => {
    exit(who, (label) => PROBED.has(label), size / PROBES);
  };
  kill();
  if (ways === 'forward') return;
  for (let n = 1; n <= TOLERATED; n++) mesh.clock.setTimer(n * KILL_PAUSE, kill);
}

function linkOf({ life }: Member, share: number): Link | undefined {
  if (life === undefined) return undefined;
  const links = [...(shared(contextOf(life), 'endpoint')?.links ?? [])];
  return links[Math.floor(share * links.length)];
}

/** Kills one of the processes that a label is right for. */
function exit({ life }: Member, chosen: (label: string) => boolean, share: number): void {
  if (life === undefined) return;
  const candidates = processesOf(life.runtime).filter(({ label }) => chosen(label));
  const victim = candidates[Math.floor(share * candidates.length)];
  if (victim !== undefined) life.runtime.exit(victim, 'kill');
}
