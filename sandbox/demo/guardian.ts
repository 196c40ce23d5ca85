/**
 * Loaded into Node-RED before anything else (`--require`): when the demo's own process is gone, however it ended, its
 * end of the channel closes, and Node-RED stops in its orderly way instead of running on by itself.
 */
const STOP_WITHIN_MS = 25_000;

process.once('disconnect', () => {
  setTimeout(() => process.exit(1), STOP_WITHIN_MS).unref();
  process.kill(process.pid, 'SIGTERM');
});
// The channel alone must not keep a process running that has nothing else to do.
process.channel?.unref();
