/** A real Erlang as a function: terms in, terms out, over its standard input and output. */
import { spawn, type ChildProcess } from 'node:child_process';
import { isAtom } from '../../src/codec/etf/atom.ts';
import { decodeTerm } from '../../src/codec/etf/decode.ts';
import type { Tuple } from '../../src/codec/etf/terms.ts';

const PROGRAM = `P = open_port({fd,0,1},[{packet,4},binary,eof]),
Eval = fun(Text) ->
  {ok,Tokens,_} = erl_scan:string(unicode:characters_to_list(Text)),
  {ok,Parsed} = erl_parse:parse_exprs(Tokens),
  try erl_eval:exprs(Parsed, []) of {value,V,_} -> {ok,V} catch C:R -> {C,R} end end,
Answer = fun(<<"echo",B/binary>>) -> binary_to_term(B);
            (<<"same",B/binary>>) -> {X,Y} = binary_to_term(B), X =:= Y;
            (<<"eval",B/binary>>) -> Eval(B) end,
Loop = fun Loop() -> receive
  {P,{data,B}} -> port_command(P, try term_to_binary(Answer(B)) catch _:_ -> <<"refused">> end), Loop();
  {P,eof} -> halt() end end,
Loop().`;

/** What it logs would come by the way of its answers. */
const QUIET = ['-kernel', 'logger_level', 'none'];

export class ErlPort {
  readonly #child: ChildProcess;
  readonly #waiting: ((answer: Uint8Array) => void)[] = [];
  #received: Buffer = Buffer.alloc(0);

  /** @param args for `erl`, such as its name and cookie. */
  constructor(args: readonly string[] = [], env: NodeJS.ProcessEnv = process.env) {
    this.#child = spawn('erl', ['-noshell', '-noinput', ...QUIET, ...args, '-eval', PROGRAM], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env,
    });
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#take();
    });
  }

  /** What Erlang writes after it has read these bytes; `refused` when it cannot. */
  ask(what: 'echo' | 'same' | 'eval', term: Uint8Array): Promise<Uint8Array> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      const header = Buffer.alloc(4);
      header.writeUInt32BE(term.length + what.length);
      this.#child.stdin?.write(Buffer.concat([header, Buffer.from(what), term]));
    });
  }

  /** The value of Erlang expressions. Throws `{Class, Reason}` when they do. */
  async eval(expressions: string): Promise<unknown> {
    const text = Buffer.from(`${expressions}.`, 'utf8');
    const answer = decodeTerm(await this.ask('eval', text));
    if (!answer.ok) throw new Error(`Erlang's answer is no term: ${answer.rule}`);
    const [tag, value] = (answer.value as Tuple).elements;
    if (!isAtom(tag, 'ok')) throw new ErlangError(answer.value);
    return value;
  }

  get pid(): number {
    return this.#child.pid as number;
  }

  /** Resolves when it has ended. */
  close(): Promise<void> {
    const { promise, resolve } = withResolvers();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return Promise.resolve();
    this.#child.once('exit', () => resolve());
    this.#child.stdin?.end();
    return promise;
  }

  kill(): Promise<void> {
    const ended = this.close();
    this.#child.kill('SIGKILL');
    return ended;
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

/** `{Class, Reason}`. */
export class ErlangError extends Error {
  readonly term: unknown;
  constructor(term: unknown) {
    super('the expressions have thrown');
    this.term = term;
  }
}

function withResolvers(): { readonly promise: Promise<void>; readonly resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
