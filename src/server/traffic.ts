/** What a gateway's sockets have done, and what they hold at present. */
export interface TrafficCounters {
  /** WebSockets that are open now. */
  sockets: number;
  /** Streams over HTTP that are open now. */
  streams: number;
  /** Bytes of pages written to WebSockets and streams. */
  bytesSent: number;
  /** Bytes of pages that wait in this process for slow sockets now. */
  bytesWaiting: number;
  /** WebSockets and streams that were closed because they took nothing or showed no sign of life for too long. */
  slowCloses: number;
}

/** Counters that stand at zero. */
export function createTraffic(): TrafficCounters {
  return { sockets: 0, streams: 0, bytesSent: 0, bytesWaiting: 0, slowCloses: 0 };
}
