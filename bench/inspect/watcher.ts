/**
 * One who looks at the page of an inspector, in the bench's own process: takes what comes and does nothing with it.
 */
export class Watcher {
  readonly #end = new AbortController();
  #reading: Promise<void> = Promise.resolve();
  bytes = 0;

  /** Resolves when the whole tree has begun to come. */
  async open(address: string, token: string): Promise<void> {
    const { signal } = this.#end;
    const headers = { authorization: `Bearer ${token}` };
    const { body, status } = await fetch(`${address}/api/stream?interval=1000&views=rpc,peers`, {
      headers,
      signal,
    });
    if (body === null || status !== 200) throw new Error(`the stream was refused with ${status}`);
    const reader = body.getReader();
    this.bytes += (await reader.read()).value?.length ?? 0;
    this.#reading = (async () => {
      for (let read = await reader.read(); !read.done; read = await reader.read())
        this.bytes += read.value.length;
    })();
    this.#reading.catch(() => undefined);
  }

  async close(): Promise<void> {
    this.#end.abort();
    await this.#reading.catch(() => undefined);
  }
}
