/**
 * Keeps what is shown up to date without flooding: the store says that something changed (at most once a second), and
 * only then, only while the console is in sight, and never while the last answer is still awaited, the view asks again.
 */
const pauseMs = 1000;

/**
 * @param refresh `() => Promise`: asks again for what is shown
 * @param isVisible whether anybody can see it
 */
export function createLive(refresh, isVisible) {
  let topic;
  let stale = false;
  let busy = false;
  let last = 0;
  let timer;

  async function run() {
    timer = undefined;
    if (!stale || busy || !isVisible()) return;
    stale = false;
    busy = true;
    last = Date.now();
    try {
      await refresh();
    } catch (_error) {
      // The view has shown it; the next change tries again.
    } finally {
      busy = false;
      if (stale) plan();
    }
  }

  function plan() {
    if (timer !== undefined || busy || !isVisible()) return;
    timer = setTimeout(run, Math.max(0, last + pauseMs - Date.now()));
  }

  function changed() {
    stale = true;
    plan();
  }

  return {
    /** Listens to one store (or to none). */
    follow(store) {
      if (topic !== undefined) RED.comms.unsubscribe(topic, changed);
      topic = store === undefined ? undefined : `crossdock/console/${store}`;
      if (topic !== undefined) RED.comms.subscribe(topic, changed);
    },
    changed,
    /** The console came into sight again: what was missed is fetched now. */
    shown: plan,
  };
}
