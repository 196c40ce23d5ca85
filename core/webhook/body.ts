import type { IncomingMessage } from 'node:http';
import { CrossdockError } from '../errors';

export interface ReadBodyOptions {
  readonly maxBytes: number;
  /** Ms for the whole body: a sender that drips bytes does not hold a connection for ever. */
  readonly timeoutMs: number;
}

/**
 * Reads a request's body up to a limit, before anything parses it. Node-RED's own http-in buffers a raw body without
 * any limit (measured: 300 MB into memory), which is why the webhook route is ours.
 * @throws CrossdockError BODY_TOO_LARGE | BODY_TOO_SLOW | BODY_ENCODED | BODY_CUT, all permanent for this request
 */
export function readBody(request: IncomingMessage, options: ReadBodyOptions): Promise<Buffer> {
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    // Compressed bodies are refused: no webhook sender we know compresses, and a few kB can unfold to gigabytes.
    return Promise.reject(refusal('BODY_ENCODED', 'Compressed bodies are not accepted.'));
  }
  const tooLarge = () => refusal('BODY_TOO_LARGE', `The body is larger than ${options.maxBytes} bytes.`);
  if (Number(request.headers['content-length'] ?? 0) > options.maxBytes) return Promise.reject(tooLarge());
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const finish = (error: CrossdockError | undefined): void => {
      clearTimeout(timer);
      request.off('data', onData);
      request.off('end', onEnd);
      request.off('error', onCut);
      request.off('aborted', onCut);
      if (error === undefined) resolve(Buffer.concat(chunks));
      else {
        // Nothing more is read; the answer goes out and the connection closes with it. An error event on the
        // abandoned request must still find a listener.
        request.on('error', () => undefined);
        request.pause();
        reject(error);
      }
    };
    const onData = (chunk: Buffer): void => {
      size += chunk.length;
      if (size > options.maxBytes) finish(tooLarge());
      else chunks.push(chunk);
    };
    const onEnd = (): void => finish(undefined);
    const onCut = (): void => finish(refusal('BODY_CUT', 'The sender hung up before the body was complete.'));
    const timer = setTimeout(
      () => finish(refusal('BODY_TOO_SLOW', `The body did not arrive within ${options.timeoutMs / 1000} s.`)),
      options.timeoutMs,
    );
    request.on('data', onData);
    request.on('end', onEnd);
    request.on('error', onCut);
    request.on('aborted', onCut);
  });
}

function refusal(code: string, message: string): CrossdockError {
  return new CrossdockError(message, { code, kind: 'permanent' });
}
