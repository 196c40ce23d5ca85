import { once } from 'node:events';
import { createServer } from 'node:net';

/** Below what systems give to whoever asks for any port (Linux from 32768 on, others from 49152 on). */
const FROM = 12_000;
const TO = 32_000;

/**
 * A TCP port on 127.0.0.1 that is free, for processes that must be told their port and come back to it after a kill:
 * nobody who listens at or connects from a port of the system's choice can be on it meanwhile. Within one process
 * prefer `listen(0)`.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FROM + Math.floor(Math.random() * (TO - FROM));
    if (await isFree(port)) return port;
  }
}

/** Whether a process could listen at this port of 127.0.0.1 now. */
export async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  server.listen(port, '127.0.0.1');
  try {
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
