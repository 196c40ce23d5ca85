import { parseJson } from '../../core/canonical';
import { contentOf, rawContent } from '../../core/channel';
import { REPLAY_HEADER } from '../../core/dead-letter';
import type { Delivery } from '../../core/delivery';
import { replaySource } from '../../core/replay';
import { registerNode } from '../shared/base';
import type { Message, Red } from '../shared/red';
import { openSource, type Source, type SourceSettings, sourceSettings } from '../shared/source';
import { storeOf } from '../shared/store';

interface Config {
  readonly settings: SourceSettings;
  readonly store: ReturnType<typeof storeOf>;
}

export = (red: Red): void => {
  registerNode<Config>(red, 'crossdock-replay', {
    normalise: (config) => ({ settings: sourceSettings(config), store: storeOf(red, config) }),
    async start({ node, config, status, closed }) {
      let opened: Source | undefined;
      const show = (): void => {
        if (opened === undefined || opened.problem !== undefined) return;
        const { inFlight, depth } = opened;
        if (depth === 0) status.ok('ready');
        else status.busy(`${inFlight} in the flow, ${Math.max(0, depth - inFlight)} waiting`);
      };
      const source = await openSource({
        ...config.settings,
        red,
        node,
        status,
        store: await config.store(closed),
        source: replaySource(node.id),
        fill,
        raw: rawContent,
        changed: show,
      });
      opened = source;
      show();
      return { close: () => source.stop() };
    },
  });
};

/** The message as its own source would have sent it, as far as the letter knows. */
function fill(message: Message, { body, headers }: Delivery): void {
  const { [REPLAY_HEADER]: replay = '', ...own } = headers;
  const [basket = '', item = ''] = replay.split('/');
  message['replay'] = { basket, item: Number(item) };
  if (own['format'] !== undefined) {
    const { address, payload, event, headers: sent } = contentOf({ body, headers: own });
    message.topic = address;
    message.payload = payload;
    if (event !== undefined) message['event'] = event;
    if (sent !== undefined) message['headers'] = sent;
    return;
  }
  if (Object.keys(own).length > 0) message['headers'] = own;
  message.payload = parseJson(body, { maxBytes: body.length });
}
