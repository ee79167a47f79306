/**
 * Does the planned work on a running mesh, and writes into the ledger what came of it.
 */
import { err, RpcError, type Result } from '../../mesh/errors/rpc-error.ts';
import type { Pid } from '../../actor/pid.ts';
import { ServerRef } from '../../otp/server-ref.ts';
import type { CallOptions } from '../../mesh/client/client.ts';
import type { CallKind } from './configuration.ts';
import type { Violation } from './invariants/invariant.ts';
import type { Life, Member } from './member.ts';
import type { Mesh } from './mesh.ts';
import type { Step } from './plan.ts';
import type { CourierCasts } from './probes.ts';

interface Args {
  readonly id: number;
  readonly kind: CallKind;
  readonly pad: string;
}

/** Characters of a call that is sent on a stream of its own. */
const LARGE = 30_000;
/** Seconds. A third of it later a service is advertised again. */
const TTL = 90;
/** Milliseconds in which that has happened, its jitter of a tenth included. */
export const READVERTISE: number = (TTL * 1_000 * 1.1) / 3;
/** Members that serve a name from the start. */
const PROVIDERS = 2;
/** Milliseconds a slow handler takes, at least, and in what steps more. */
const SLOW = 150;

export const serviceName = (service: number): string => `sim.service_${service}`;

export function work(mesh: Mesh, step: Step, tell: (violation: Violation) => void): void {
  if (step.tag === 'call') return call(mesh, step, tell);
  const member = mesh.at(step.who);
  if (member.life === undefined) return;
  if (step.tag === 'burst') burst(member.life, step.count);
  else if (step.tag === 'advertise') advertise(mesh, member.life, step.service);
  else unadvertise(mesh, member.life, step.service);
}

/** What a member serves whenever it starts: the first ones, each one name. */
export function serve(mesh: Mesh, { index }: Member, life: Life, services: number): void {
  if (index < PROVIDERS * services) advertise(mesh, life, index % services);
}

function advertise(mesh: Mesh, life: Life, service: number): void {
  const handler = (args: Args): unknown => handle(mesh, life, args);
  change(mesh, life, service, life.handle.advertise(serviceName(service), handler, { ttl: TTL }), () =>
    life.serving.add(service),
  );
}

function unadvertise(mesh: Mesh, life: Life, service: number): void {
  life.serving.delete(service);
  change(mesh, life, service, life.handle.unadvertise(serviceName(service)), () =>
    life.serving.delete(service),
  );
}

/** A change that fails leaves open whether it was made: nobody counts on the service from then on. */
function change(mesh: Mesh, life: Life, service: number, made: Promise<unknown>, done: () => void): void {
  const now = (): number => mesh.clock.now();
  life.changing.add(service);
  made.then(
    () => {
      life.changing.delete(service);
      done();
      mesh.ledger.log(now(), `${life.name} changed ${service}`);
    },
    (error: unknown) => {
      life.serving.delete(service);
      mesh.ledger.log(now(), `${life.name} could not change ${service}: ${tagOf(error)}`);
    },
  );
}

const tagOf = (error: unknown): string => (error instanceof RpcError ? error.failure.tag : String(error));

async function handle(mesh: Mesh, life: Life, { id, kind }: Args): Promise<unknown> {
  mesh.ledger.ran(id, life.name);
  if (kind === 'err') return err('declared');
  if (kind === 'crash') throw new Error('crashed as told');
  if (kind === 'slow')
    await new Promise<void>((resolve) => {
      mesh.clock.setTimer(SLOW * (1 + (id % 7)), resolve);
    });
  return id;
}

function call(mesh: Mesh, step: Extract<Step, { tag: 'call' }>, tell: (violation: Violation) => void): void {
  const { id, kind, timeout } = step;
  const { life } = mesh.at(step.who);
  if (life === undefined) return;
  const { ledger, clock } = mesh;
  const deadline = clock.now() + timeout;
  ledger.called(id, kind, deadline);
  const control = new AbortController();
  if (kind === 'cancel') clock.setTimer(step.patience * timeout, () => control.abort());
  const args: Args = { id, kind, pad: kind === 'large' ? 'x'.repeat(LARGE) : '' };
  ask(life, step.service, args, { timeout, signal: control.signal, ...repeatable(kind, id) }).then(
    (result) => {
      if (result.ok && result.value !== id) {
        const detail = `call ${id} was answered ${String(result.value)}`;
        tell({ invariant: 2, at: clock.now(), detail });
      }
      ledger.settled(id, result.ok ? 'ok' : result.error.failure.tag, clock.now());
    },
    (error: unknown) => {
      tell({ invariant: 2, at: clock.now(), detail: `tryCall of call ${id} rejected: ${String(error)}` });
      ledger.settled(id, 'rejected', clock.now());
    },
  );
}

function repeatable(kind: CallKind, id: number): CallOptions {
  if (kind === 'idempotent') return { idempotent: true };
  return kind === 'keyed' ? { idempotencyKey: `key ${id}` } : {};
}

export const ask = (life: Life, service: number, args: Args, options: CallOptions): Promise<Result> =>
  life.handle.tryCall(serviceName(service), args, options);

function burst({ runtime, scope }: Life, count: number): void {
  const courier = scope.whereis('courier') as Pid | undefined;
  if (courier !== undefined) new ServerRef<object, CourierCasts>(runtime, courier).cast('burst', count);
}
