/** A node of the command line in a process of its own, with an inspector that may act. Runs the built package. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const CLI = 'dist/src/cli/main.js';

export class NodeProcess {
  readonly #process: ChildProcess;
  /** Lines of its log so far. */
  readonly log: string[] = [];
  /** The link with the token. */
  readonly page: string;

  private constructor(child: ChildProcess, page: string) {
    this.#process = child;
    this.page = page;
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', (line) => this.log.push(line));
  }

  static async start(port = 0): Promise<NodeProcess> {
    const args = [
      'node',
      '--listen',
      '127.0.0.1:0',
      '--inspector',
      String(port),
      '--inspector-actions',
      '--json',
    ];
    const child = spawn(process.execPath, [CLI, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    const ended = once(child, 'exit').then(([code]) =>
      Promise.reject(new Error(`the node ended with ${code}`)),
    );
    const [line] = (await Promise.race([once(createInterface({ input: child.stdout }), 'line'), ended])) as [
      string,
    ];
    ended.catch(() => undefined);
    return new NodeProcess(child, (JSON.parse(line) as { readonly inspector: string }).inspector);
  }

  get port(): number {
    return Number(new URL(this.page).port);
  }

  get token(): string {
    return new URL(this.page).searchParams.get('t') ?? '';
  }

  /** As the kernel ends it. */
  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}
