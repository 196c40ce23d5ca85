import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import { freePort } from '../../support';

/** What the shop was told. */
export interface Told {
  readonly sku: string;
  readonly quantity: number;
  readonly sequence: number;
  readonly headers: IncomingHttpHeaders;
}

/** A web shop on one address that takes stock: open, shut (connections are refused), or refusing an item for good. */
export class WebShop {
  readonly told: Told[] = [];
  /** An item that it answers with 422. */
  refuses: string | undefined;
  #port = 0;
  #server: Server | undefined;

  /** Once it has been open. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}/stock`;
  }

  async open(): Promise<void> {
    if (this.#port === 0) this.#port = await freePort();
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        const told = JSON.parse(body) as Omit<Told, 'headers'>;
        const refused = told.sku === this.refuses;
        if (!refused) this.told.push({ ...told, headers: request.headers });
        response.writeHead(refused ? 422 : 200).end();
      });
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
  }

  async shut(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    const closed = new Promise((resolve) => server?.close(resolve) ?? resolve(undefined));
    server?.closeAllConnections();
    await closed;
  }
}
