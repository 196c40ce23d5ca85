/**
 * The part of Node-RED's runtime API that Crossdock uses, typed for strict code (4.1 and 5 alike). The published
 * types lag behind the runtime (no hooks, loose messages), and a small exact face is easier to keep true.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ScopedMessage } from '../../core/delivery';

export interface Message extends ScopedMessage {
  payload?: unknown;
  topic?: unknown;
  error?: unknown;
  [property: string]: unknown;
}

export type Send = (message: Message | (Message | Message[] | null)[]) => void;
export type Done = (error?: Error) => void;

export interface Status {
  fill?: 'red' | 'green' | 'yellow' | 'blue' | 'grey';
  shape?: 'ring' | 'dot';
  text?: string;
}

/** A node's configuration as it comes from the flow file: nothing about it can be trusted. */
export type RawConfig = Readonly<Record<string, unknown>> & { readonly id: string; readonly type: string };

export interface RedNode {
  readonly id: string;
  readonly type: string;
  readonly name?: string;
  /** The tab's id. */
  readonly z?: string;
  readonly credentials?: Readonly<Record<string, unknown>>;
  /** Node ids per output. */
  readonly wires?: readonly (readonly string[])[];
  on(event: 'input', listener: (message: Message, send: Send, done: Done) => void): void;
  on(event: 'close', listener: (removed: boolean, done: () => void) => void): void;
  send(message: Message | (Message | Message[] | null)[]): void;
  error(text: string | Error, message?: Message): void;
  warn(text: string): void;
  log(text: string): void;
  status(status: Status): void;
}

export type HttpRequest = IncomingMessage & {
  readonly path?: string;
  readonly params?: Record<string, string>;
  /** What the admin app's JSON parser has read. */
  readonly body?: unknown;
  /** Who is logged in; missing where the editor asks nobody to. */
  readonly user?: { readonly username?: unknown };
  /** Set: body parsers leave this request alone (body-parser's own mark). */
  _body?: boolean;
};
export type HttpResponse = ServerResponse & {
  status(code: number): HttpResponse;
  json(body: unknown): void;
};
export type HttpHandler = (
  request: HttpRequest,
  response: HttpResponse,
  next: (error?: unknown) => void,
) => void;

/** The part of an express 4 app that we use. */
export interface HttpApp {
  /** The app that this one is mounted on. */
  readonly parent?: HttpApp;
  readonly _router?: { readonly stack: { readonly handle: unknown }[] };
  /** The full path it is mounted at. */
  path?(): string;
  use(handler: HttpHandler): void;
  get(path: string, ...handlers: HttpHandler[]): void;
  post(path: string, ...handlers: HttpHandler[]): void;
  put(path: string, ...handlers: HttpHandler[]): void;
}

/** A compiled JSONata expression of Node-RED. */
export interface Expression {
  /** JSONata's syntax tree. */
  ast(): { readonly type: string };
  /** `msg` is in the expression, which is then applied to what has the message in its field `msg`. */
  readonly _legacyMode?: boolean;
}

export interface Red {
  readonly settings: { readonly userDir?: string; readonly [setting: string]: unknown };
  readonly nodes: {
    createNode(node: RedNode, config: RawConfig): void;
    registerType(
      type: string,
      create: (this: RedNode, config: RawConfig) => void,
      options?: { credentials?: Record<string, { type: 'text' | 'password' }> },
    ): void;
    getNode(id: string): RedNode | null;
    /** Every node of the flows as they are (being) deployed, disabled ones too. */
    eachNode(callback: (node: RawConfig) => void): void;
  };
  readonly util: {
    /** A deep copy; `req` and `res` stay what they are. */
    cloneMessage(message: Message): Message;
    getMessageProperty(message: Message, path: string): unknown;
    setMessageProperty(message: Message, path: string, value: unknown, create?: boolean): void;
    /** What a typedInput says: `type` is its word (`str`, `num`, `bool`, `json`, `msg`, `flow`, `global`, `env` ...). */
    evaluateNodeProperty(
      value: string,
      type: string,
      node: RedNode,
      message: Message,
      callback: (error: Error | null, value?: unknown) => void,
    ): void;
    prepareJSONataExpression(source: string, node: RedNode | Record<string, never>): Expression;
    evaluateJSONataExpression(
      expression: Expression,
      message: unknown,
      callback: (error: Error | null, value?: unknown) => void,
    ): void;
  };
  /** Missing in node-red-node-test-helper. */
  readonly hooks?: {
    /** `name.label`; the callback must declare exactly one parameter (hooks.js counts them). */
    add(hook: string, callback: (event: unknown) => void): void;
  };
  /** The runtime's events, for example `flows:stopping` and `flows:started`. */
  readonly events?: { on(event: string, listener: () => void): void };
  /** Reaches every open editor that has subscribed to the topic. */
  readonly comms?: { publish(topic: string, data: unknown, retain?: boolean): void };
  readonly auth: { needsPermission(permission: string): HttpHandler };
  readonly httpAdmin: HttpApp;
  readonly httpNode: HttpApp;
  /** i18n; returns the key where no catalogue is loaded. */
  _(key: string, values?: Record<string, unknown>): string;
}
