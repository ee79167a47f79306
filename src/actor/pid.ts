/**
 * Names for processes and events that hold anywhere: opaque to users, comparable by identity.
 *
 * A local pid is the process record itself; a remote one is a small record made by the runtime's
 * `RemoteSignals` port. Both say which node and which life (`creation`) of that node they belong to.
 */
import { nameAs } from './named.ts';

/** A process, here or elsewhere. Holding one gives no right but to send. */
export interface Pid {
  readonly node: string;
  /** Tells two lives of a node with the same name apart. */
  readonly creation: number;
  readonly serial: number;
  /** `<node.serial>`, for people. */
  toString(): string;
}

/** A unique reference: a monitor, a timer, a request. */
export interface Ref {
  readonly node: string;
  readonly creation: number;
  readonly serial: number;
}

/** A process on another node. */
export class RemotePid implements Pid {
  readonly node: string;
  readonly creation: number;
  readonly serial: number;
  constructor(node: string, creation: number, serial: number) {
    this.node = node;
    this.creation = creation;
    this.serial = serial;
  }
  toString(): string {
    return `<${this.node}.${this.serial}>`;
  }
}

nameAs(RemotePid, (pid) => pid.toString());

/** A name on another node, looked up there for each message. It can be sent to, cast to and called. */
export class RemoteName {
  readonly node: string;
  readonly name: string;
  constructor(node: string, name: string) {
    this.node = node;
    this.name = name;
  }
  toString(): string {
    return `${this.name}@${this.node}`;
  }
}

/** Whom a message can be sent to. */
export type Target = Pid | RemoteName;
