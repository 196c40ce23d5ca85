/** What sockets and TLS say, as codes and sentences; the same for every protocol over them. */
import type { Reason } from './channel-state';

const NETWORK: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens at',
  ENOTFOUND: 'There is no host with the name in',
  EAI_AGAIN: 'The host name cannot be looked up now:',
  ETIMEDOUT: 'No answer from',
  EHOSTUNREACH: 'There is no way through the network to',
  ENETUNREACH: 'There is no way through the network to',
  ECONNRESET: 'The connection was cut by the other side or the network:',
  EPIPE: 'The connection was cut by the other side or the network:',
};

/** The reason behind an error with one of Node.js' codes (`ECONNREFUSED`, `ERR_TLS_…`); undefined: it has none. */
export function networkReason(error: unknown, address: string): Reason | undefined {
  const code: unknown =
    typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  if (typeof code !== 'string') return undefined;
  const network = NETWORK[code];
  if (network !== undefined) {
    return { code: 'CHANNEL_UNREACHABLE', message: `${network} ${address} (${code}).` };
  }
  if (code === 'EPROTO' || code.startsWith('ERR_SSL_')) {
    return {
      code: 'CHANNEL_TLS',
      message: `No encrypted connection to ${address}: that port does not answer with TLS, or asks for a client certificate (${code}).`,
    };
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO|ERR_TLS/.test(code)) {
    return {
      code: 'CHANNEL_TLS',
      message: `The certificate of ${address} is not trusted (${code}). Add its issuer under TLS.`,
    };
  }
  return { code: 'CHANNEL_UNREACHABLE', message: `No connection to ${address} (${code}).` };
}
