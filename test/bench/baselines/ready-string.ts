import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';
import { listen, repeat } from './listen.ts';

// The baseline of a broadcast with `ws`, and, at the rate 0, of connections that are just there: a string that is
// ready is given to `send` of each socket.
const [perSecond, bytes] = process.argv.slice(2).map(Number);
const server = createServer();
const sockets = new WebSocketServer({ server });
// As every server listens to its sockets.
sockets.on('connection', (socket) => {
  socket.on('message', () => {});
  socket.on('error', () => {});
});
const text = 'x'.repeat(bytes ?? 0);
repeat(perSecond ?? 0, () => {
  for (const socket of sockets.clients) socket.send(text);
});
listen(server);
