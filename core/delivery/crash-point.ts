/**
 * Named places at which a test lets this process die as a power cut would: `CROSSDOCK_CRASH_AT=<name>` for the first
 * pass, `<name>:<n>` for the nth. Without the variable a pass costs one comparison.
 */
const { name: armed, pass } = read(process.env['CROSSDOCK_CRASH_AT']);
let passes = 0;

function read(setting: string | undefined): { name: string | undefined; pass: number } {
  const found = /^(.+?)(?::(\d+))?$/.exec(setting ?? '');
  return { name: found?.[1], pass: Number(found?.[2] ?? 1) };
}

/** Kills the process with SIGKILL when it is told to die here. */
export function crashPoint(name: string): void {
  if (armed === undefined || armed !== name) return;
  passes += 1;
  if (passes >= pass) process.kill(process.pid, 'SIGKILL');
}

/** The same once this turn of the event loop is over: what was written to a connection has left the process then. */
export function crashPointLater(name: string): void {
  if (armed !== undefined && armed === name) setImmediate(() => crashPoint(name));
}
