/** The only user of yoga, graphql-ws and ws: one API over HTTP, WebSocket, SSE and multipart, health, drain. */
export { type Logger, type Readiness, type ServerOptions, serverOptions } from './options.ts';
export { openServer, type Server, type ServerParts } from './server.ts';
