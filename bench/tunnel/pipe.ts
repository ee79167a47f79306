/**
 * A process that carries bytes from one TCP connection to another and knows nothing of them: what a hop costs at least.
 */
import { connect, createServer, type AddressInfo } from 'node:net';

const host = '127.0.0.1';
const target = Number(process.argv[2]);

process.on('disconnect', () => process.exit(0));
createServer({ noDelay: true }, (inbound) => {
  const outbound = connect({ host, port: target, noDelay: true });
  const end = (): void => {
    inbound.destroy();
    outbound.destroy();
  };
  for (const socket of [inbound, outbound]) socket.on('error', end);
  inbound.pipe(outbound).pipe(inbound);
}).listen(0, host, function listening(this: { address(): unknown }) {
  process.send?.({ port: (this.address() as AddressInfo).port });
});
