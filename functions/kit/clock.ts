/**
 * The only source of time. `serverNow` is the API server's clock (its `Date` header plus the monotonic time since that
 * response), because Lease times and epochs are compared across machines; `monotonic` measures durations here.
 * Simulation replaces the whole value by virtual time.
 */
export interface Clock {
  /** Milliseconds since 1970 on the API server's clock. */
  serverNow(): number;
  /** Milliseconds since an arbitrary start; never jumps. */
  monotonic(): number;
  sleep(milliseconds: number): Promise<void>;
}
