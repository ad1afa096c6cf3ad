import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import type { Duplex } from 'node:stream';
import { serverFrame } from '../load/frames.ts';
import { listen, repeat } from './listen.ts';

// The baseline without any library: so many ready frames of one record, one write a socket.
const [perSecond, bytes, framesPerWrite] = process.argv.slice(2).map(Number);
const frame = serverFrame('x'.repeat(bytes ?? 0));
const ready = Buffer.concat(Array.from({ length: framesPerWrite ?? 1 }, () => frame));
const sockets = new Set<Duplex>();
const server = createServer();
server.on('upgrade', (request, socket) => {
  // RFC 6455 §4.2.2
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64');
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  );
  socket.on('error', () => {});
  socket.on('close', () => sockets.delete(socket));
  socket.resume();
  sockets.add(socket);
});
repeat(perSecond ?? 0, () => {
  for (const socket of sockets) socket.write(ready);
});
listen(server);
