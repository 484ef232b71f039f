/**
 * One tab of a browser leads: HTTP/1.1 lets a browser open six connections to a host, and every
 * stream takes one for good.
 */

const NAME = "wangge-notices";
const LEASE_MS = 12_000;
const RENEW_MS = 4000;

interface Lease {
  readonly by: string;
  readonly until: number;
}

/** Who leads when the lease on the shelf is looked at: whoever holds it in time, else the one who looks. */
export function leaseAfter(found: string | null, me: string, now: number): Lease {
  try {
    const held = JSON.parse(found ?? "null") as Lease | null;
    if (held !== null && held.by !== me && held.until > now && held.until <= now + LEASE_MS) return held;
  } catch {
    // Somebody else's text under our name: it leads nobody.
  }
  return { by: me, until: now + LEASE_MS };
}

/**
 * Lead when no other tab does: `begin` is called then, and what it returns when that is over. The
 * function that comes back gives the lead up.
 */
export function lead(begin: () => () => void): () => void {
  // Without https the browser withholds its locks; tabs then share a lease that they renew.
  return "locks" in navigator ? leadByLock(begin) : leadByLease(begin);
}

function leadByLock(begin: () => () => void): () => void {
  const leaving = new AbortController();
  navigator.locks
    .request(NAME, { signal: leaving.signal }, () => {
      const end = begin();
      return new Promise<void>((done) => {
        leaving.signal.addEventListener("abort", () => {
          end();
          done();
        });
      });
    })
    .catch((error: unknown) => {
      if (!leaving.signal.aborted) throw error;
    });
  return () => leaving.abort();
}

function leadByLease(begin: () => () => void): () => void {
  const me = `${Date.now()}-${Math.random()}`;
  let end: (() => void) | null = null;
  const look = (): void => {
    const lease = leaseAfter(localStorage.getItem(NAME), me, Date.now());
    if (lease.by === me) {
      localStorage.setItem(NAME, JSON.stringify(lease));
      end ??= begin();
    } else {
      end?.();
      end = null;
    }
  };
  const leave = (): void => {
    window.clearInterval(timer);
    if (end) localStorage.removeItem(NAME);
    end?.();
    end = null;
  };
  const timer = window.setInterval(look, RENEW_MS);
  window.addEventListener("pagehide", leave, { once: true });
  look();
  return leave;
}
