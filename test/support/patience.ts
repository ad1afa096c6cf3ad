/**
 * How long a test waits for what must come, and how often it looks: long enough for a slow machine that has much else to
 * do. Only what never comes takes that long.
 */
export const patience = { timeout: 60_000, interval: 50 } as const;
