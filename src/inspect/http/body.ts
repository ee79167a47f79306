/**
 * Reads the JSON body of a request, bounded.
 */
import type { IncomingMessage } from 'node:http';

/** Bytes (SECURITY §13, inspector). */
export const MAX_REQUEST = 65_536;

export type Body =
  | { readonly tag: 'value'; readonly value: unknown }
  | { readonly tag: 'too_large' }
  | { readonly tag: 'no_json' }
  /** Whoever sent it is gone. */
  | { readonly tag: 'cut' };

export function readBody(request: IncomingMessage): Promise<Body> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let length = 0;
    request.on('data', (chunk: Buffer) => {
      length += chunk.length;
      if (length <= MAX_REQUEST) chunks.push(chunk);
      else {
        chunks.length = 0;
        resolve({ tag: 'too_large' });
      }
    });
    request.on('end', () =>
      resolve(length > MAX_REQUEST ? { tag: 'too_large' } : parsed(Buffer.concat(chunks))),
    );
    request.on('close', () => resolve({ tag: 'cut' }));
    request.on('error', () => resolve({ tag: 'cut' }));
  });
}

function parsed(bytes: Buffer): Body {
  try {
    return { tag: 'value', value: JSON.parse(bytes.toString('utf8')) as unknown };
  } catch {
    return { tag: 'no_json' };
  }
}
