/** What a gateway's feeds have done since they were opened; `subscriptions`, `groups` and `topics` are what is open now. */
export interface FeedCounters {
  /** Topics that are followed now. */
  topics: number;
  /** Subscriptions that are open now. */
  subscriptions: number;
  /** Groups of subscriptions that share their pages now. */
  groups: number;
  /** Pages made: each is selected, executed and serialised once, however many take it. */
  pagesMade: number;
  /** Pages given to subscribers. */
  pagesDelivered: number;
  /** Records in those. */
  recordsDelivered: number;
  /** Records that reached a topic's live end. */
  recordsSeen: number;
  /** Records that a filter left out while a subscription was catching up. */
  recordsFiltered: number;
  /** Records left out because their subscriber asked for the newest only. */
  recordsConflated: number;
  /** How often a subscription fell out of the live set and read on by itself. */
  catchUps: number;
  /** Gaps told. */
  gaps: number;
  /** Reads of subscriptions that were behind: from memory, and from Kafka. */
  ringHits: number;
  ringMisses: number;
  /** Subscriptions ended because they were slow and asked for it. */
  disconnects: number;
}

/** Counters that stand at zero. */
export function createCounters(): FeedCounters {
  return {
    topics: 0,
    subscriptions: 0,
    groups: 0,
    pagesMade: 0,
    pagesDelivered: 0,
    recordsDelivered: 0,
    recordsSeen: 0,
    recordsFiltered: 0,
    recordsConflated: 0,
    catchUps: 0,
    gaps: 0,
    ringHits: 0,
    ringMisses: 0,
    disconnects: 0,
  };
}
