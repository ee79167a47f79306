/** As tables key the 16 bytes of a session's id: latin1. */
export const sessionKey = (id: Uint8Array): string =>
  Buffer.from(id.buffer, id.byteOffset, id.byteLength).toString('latin1');
