/** A real Erlang as a function: terms in, terms out, over its standard input and output. */
import { spawn, type ChildProcess } from 'node:child_process';

const PROGRAM = `P = open_port({fd,0,1},[{packet,4},binary,eof]),
Answer = fun(<<"echo",B/binary>>) -> binary_to_term(B);
            (<<"same",B/binary>>) -> {X,Y} = binary_to_term(B), X =:= Y end,
Loop = fun Loop() -> receive
  {P,{data,B}} -> port_command(P, try term_to_binary(Answer(B)) catch _:_ -> <<"refused">> end), Loop();
  {P,eof} -> halt() end end,
Loop().`;

export class ErlPort {
  readonly #child: ChildProcess;
  readonly #waiting: ((answer: Uint8Array) => void)[] = [];
  #received: Buffer = Buffer.alloc(0);

  constructor() {
    this.#child = spawn('erl', ['-noshell', '-noinput', '-eval', PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#take();
    });
  }

  /** What Erlang writes after it has read these bytes; `refused` when it cannot. */
  ask(what: 'echo' | 'same', term: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      const header = Buffer.alloc(4);
      header.writeUInt32BE(term.length + what.length);
      this.#child.stdin?.write(Buffer.concat([header, Buffer.from(what), term]));
    });
  }

  close(): void {
    this.#child.stdin?.end();
  }

  #take(): void {
    for (;;) {
      if (this.#received.length < 4) return;
      const end = 4 + this.#received.readUInt32BE(0);
      if (this.#received.length < end) return;
      this.#waiting.shift()?.(this.#received.subarray(4, end));
      this.#received = this.#received.subarray(end);
    }
  }
}
