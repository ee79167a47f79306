/**
 * A member of the demo in a child process, as its teller sees it.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../actor/clock.ts';
import type { Member, OrderAnswer, OrderArgs, OrderName } from './orders.ts';
import type { AnswerMessage, OrderMessage } from './worker.ts';

/** The longest order is a timeout of the story or a goodbye. Milliseconds. */
const ORDER_LIMIT = 8_000;
/** From the closed channel to the end of the process, milliseconds; then it is killed. */
const END_LIMIT = 4_000;

interface Pending {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

export class ForkedMember implements Member {
  readonly #name: string;
  readonly #child: ChildProcess;
  readonly #pending = new Map<number, Pending>();
  /** Resolves with the exit code; null when a signal ended it. */
  readonly #exited: Promise<number | null>;
  #lastId = 0;
  #killed = false;

  constructor(name: string) {
    this.#name = name;
    const main = fileURLToPath(new URL('../main.js', import.meta.url));
    this.#child = fork(main, ['demo-worker'], {
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
      execArgv: [],
    });
    this.#child.on('message', (message) => {
      this.#onAnswer(message as AnswerMessage);
    });
    this.#exited = new Promise((resolve) => {
      this.#child.once('error', () => {
        resolve(null);
      });
      this.#child.once('exit', (code) => {
        resolve(code);
        for (const { reject } of this.#pending.values()) reject(new Error(`the ${name} process ended`));
        this.#pending.clear();
      });
    });
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  order<Name extends OrderName>(name: Name, args: OrderArgs<Name>): Promise<OrderAnswer<Name>> {
    return new Promise((resolve, reject) => {
      const id = ++this.#lastId;
      const settled = (): void => {
        systemClock.clear(timer);
        this.#pending.delete(id);
      };
      const timer = systemClock.setTimer(ORDER_LIMIT, () => {
        settled();
        reject(new Error(`the ${this.#name} process did not ${name} in time`));
      });
      this.#pending.set(id, {
        resolve: (answer) => {
          settled();
          resolve(answer as OrderAnswer<Name>);
        },
        reject: (error) => {
          settled();
          reject(error);
        },
      });
      const message: OrderMessage = { id, name, args };
      this.#child.send(message, (error) => {
        if (error !== null) this.#pending.get(id)?.reject(error);
      });
    });
  }

  async kill(): Promise<void> {
    this.#killed = true;
    this.#child.kill('SIGKILL');
    await this.#exited;
  }

  async end(): Promise<boolean> {
    if (this.#child.connected) this.#child.disconnect();
    const killer = systemClock.setTimer(END_LIMIT, () => {
      this.#child.kill('SIGKILL');
    });
    const code = await this.#exited;
    systemClock.clear(killer);
    return code === 0 || this.#killed;
  }

  #onAnswer({ id, answer, error }: AnswerMessage): void {
    const pending = this.#pending.get(id);
    if (error === undefined) pending?.resolve(answer);
    else pending?.reject(new Error(`${this.#name}: ${error}`));
  }
}
