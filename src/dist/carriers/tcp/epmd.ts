/**
 * A client of EPMD, the daemon that knows at which port the Erlang nodes of a host listen.
 *
 * Answers are bounded, and every question has a deadline. Source: Erlang/OTP "Distribution Protocol", EPMD Protocol.
 */
import { connect, type Socket } from 'node:net';
import { CarrierError } from '../../carrier-error.ts';

/** Where EPMD listens. */
export interface EpmdAddress {
  readonly host: string;
  readonly port: number;
}

export const EPMD_PORT = 4_369;
const [ALIVE, ALIVE_X, ALIVE_ANSWER, PORT_PLEASE, PORT_ANSWER] = [120, 118, 121, 122, 119];
const HIDDEN = 72;
/** Versions of the protocol that this node speaks. */
const VERSION = 6;
const LONGEST = 1_024;

/** A registration lasts as long as its connection. */
export interface Registration {
  close(): void;
}

/**
 * Says where a node listens.
 * @param lost the daemon is gone, and with it the registration. Once, not after `close`.
 */
export async function registerAtEpmd(
  epmd: EpmdAddress,
  name: string,
  port: number,
  timeout: number,
  lost: () => void,
): Promise<Registration> {
  const bytes = Buffer.from(name, 'utf8');
  const body = Buffer.alloc(13 + bytes.length);
  body[0] = ALIVE;
  body.writeUInt16BE(port, 1);
  body[3] = HIDDEN;
  body[4] = 0;
  body.writeUInt16BE(VERSION, 5);
  body.writeUInt16BE(VERSION, 7);
  body.writeUInt16BE(bytes.length, 9);
  bytes.copy(body, 11);
  const { socket, answer } = await ask(epmd, body, timeout, (got) =>
    got[0] === ALIVE_X ? got.length >= 6 : got[0] !== ALIVE_ANSWER || got.length >= 4,
  );
  const refused = answer[0] === ALIVE_X || answer[0] === ALIVE_ANSWER ? answer[1] : undefined;
  if (refused !== 0) {
    socket.destroy();
    if (refused === undefined) throw new Error('EPMD answered something else');
    throw new CarrierError('name_taken', `EPMD knows another node named ${name}`);
  }
  let closed = false;
  socket.setTimeout(0);
  socket.on('error', () => {});
  socket.resume();
  socket.on('close', () => {
    if (!closed) lost();
  });
  socket.unref();
  return {
    close: () => {
      closed = true;
      socket.destroy();
    },
  };
}

/** The port of a node; undefined when EPMD does not know it. Rejects when there is no EPMD. */
export async function portOfNode(
  epmd: EpmdAddress,
  name: string,
  timeout: number,
): Promise<number | undefined> {
  const body = Buffer.concat([Buffer.of(PORT_PLEASE), Buffer.from(name, 'utf8')]);
  const { socket, answer } = await ask(epmd, body, timeout, (got) => got.length >= (got[1] === 0 ? 4 : 2));
  socket.destroy();
  return answer[0] === PORT_ANSWER && answer[1] === 0 ? answer.readUInt16BE(2) : undefined;
}

interface Asked {
  readonly socket: Socket;
  readonly answer: Buffer;
}

function ask(
  { host, port }: EpmdAddress,
  body: Buffer,
  timeout: number,
  isWhole: (got: Buffer) => boolean,
): Promise<Asked> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    let got = Buffer.alloc(0);
    const end = (error: Error): void => {
      socket.destroy();
      reject(error);
    };
    socket.setTimeout(timeout, () => end(new Error('EPMD does not answer')));
    socket.once('error', end);
    const closed = (): void => end(new Error('EPMD has closed the connection'));
    socket.once('close', closed);
    socket.on('data', function take(bytes: Buffer) {
      got = Buffer.concat([got, bytes]);
      if (got.length > LONGEST) end(new Error('EPMD answered something else'));
      if (got.length < 2 || !isWhole(got)) return;
      socket.off('data', take);
      socket.off('close', closed);
      socket.off('error', end);
      resolve({ socket, answer: got });
    });
    const head = Buffer.alloc(2);
    head.writeUInt16BE(body.length);
    socket.write(Buffer.concat([head, body]));
  });
}
