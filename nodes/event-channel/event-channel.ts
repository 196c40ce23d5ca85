import { registerShared } from '../shared/config-node';
import type { HttpRequest, Red } from '../shared/red';
import { type OpenChannel, openChannel } from './open';
import { testAnswer } from './test-connection';
import { topologyAnswer } from './topology';

export = (red: Red): void => {
  registerShared<OpenChannel>(red, 'crossdock-event-channel', {
    credentials: { user: { type: 'text' }, password: { type: 'password' } },
    create: (config, node) => openChannel(red, config, node),
    close: (opened) => opened.close(),
  });

  // Both make the gateway connect to a broker, so looking at flows is not enough.
  const mayWrite = red.auth.needsPermission('crossdock-event-channel.write');
  red.httpAdmin.post('/crossdock/event-channel/topology', mayWrite, (request, response, next) => {
    // Node-RED has read the JSON.
    topologyAnswer(red, (request as HttpRequest & { body?: unknown }).body)
      .then((answer) => response.json(answer))
      .catch(next);
  });
  red.httpAdmin.post('/crossdock/event-channel/:id/test', mayWrite, (request, response, next) => {
    testAnswer(red, request.params?.['id'] ?? '')
      .then((answer) => response.json(answer))
      .catch(next);
  });
};
