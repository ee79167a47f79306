/**
 * gRPC as written in JavaScript: one channel, a unary call each, bytes without protobuf around them.
 */
import { loadPackage } from '../../harness/packages.ts';
import type { PeerModule } from '../peer.ts';
import { couple, forClient } from './certificate.ts';

const HOST = '127.0.0.1';
const PATH = '/bench.Echo/Echo';
const OPTIONS = { 'grpc-node.flow_control_window': 4_194_304 };

/** What we use of the package. */
type Codec = (bytes: Buffer) => Buffer;
type Done = (error: Error | null, value?: Buffer) => void;
type Credentials = object;

interface Server {
  addService(service: object, handlers: { Echo(call: { readonly request: Buffer }, done: Done): void }): void;
  bindAsync(address: string, with_: Credentials, done: (error: Error | null, port: number) => void): void;
}

interface Client {
  makeUnaryRequest(path: string, encode: Codec, decode: Codec, body: Buffer, done: Done): void;
}

interface Grpc {
  readonly Server: new (options: object) => Server;
  readonly ServerCredentials: {
    createSsl(
      ca: Buffer,
      pairs: readonly { readonly private_key: Buffer; readonly cert_chain: Buffer }[],
      checkClient: boolean,
    ): Credentials;
  };
  readonly Client: new (address: string, credentials: Credentials, options: object) => Client;
  readonly credentials: {
    createSsl(
      ca: Buffer,
      key: Buffer,
      cert: Buffer,
      verify: { checkServerIdentity(): undefined },
    ): Credentials;
  };
}

const same: Codec = (bytes) => bytes;
const asBuffer = (text: string | number | undefined): Buffer => Buffer.from(String(text));

export async function grpcJs(): Promise<PeerModule> {
  const grpc = (await loadPackage('@grpc/grpc-js')) as Grpc;
  return {
    async serve() {
      const pair = couple();
      const server = new grpc.Server(OPTIONS);
      const codecs = {
        requestSerialize: same,
        requestDeserialize: same,
        responseSerialize: same,
        responseDeserialize: same,
      };
      server.addService(
        { Echo: { path: PATH, requestStream: false, responseStream: false, ...codecs } },
        {
          Echo: (call, done) => {
            done(null, call.request);
          },
        },
      );
      const keys = [{ private_key: asBuffer(pair.server.key), cert_chain: asBuffer(pair.server.cert) }];
      const credentials = grpc.ServerCredentials.createSsl(asBuffer(pair.client.cert), keys, true);
      const port = await new Promise<number>((resolve, reject) => {
        server.bindAsync(`${HOST}:0`, credentials, (error, bound) => {
          if (error === null) resolve(bound);
          else reject(error);
        });
      });
      return { ...forClient(pair), port };
    },

    connect({ port, ca, key, cert }) {
      // the certificate names a key, not a host; it is trusted itself
      const verify = { checkServerIdentity: () => undefined };
      const credentials = grpc.credentials.createSsl(asBuffer(ca), asBuffer(key), asBuffer(cert), verify);
      const client = new grpc.Client(`${HOST}:${port}`, credentials, OPTIONS);
      return Promise.resolve(
        (bytes) =>
          new Promise((resolve, reject) => {
            const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
            client.makeUnaryRequest(PATH, same, same, body, (error, value) => {
              if (error === null) resolve(value);
              else reject(error);
            });
          }),
      );
    },
  };
}
