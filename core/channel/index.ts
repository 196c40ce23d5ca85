export {
  type AttributeValue,
  assertEvent,
  attributesOf,
  type CloudEvent,
  decodeStructured,
  type EncodedEvent,
  type EventInput,
  encodeStructured,
  eventId,
  makeEvent,
  STRUCTURED_CONTENT_TYPE,
  sequenceText,
  validateEvent,
} from './cloudevents';
export { type ContentMode, fromMqtt, type MqttMessage, toMqtt, topicOf, topicSegment } from './mqtt-binding';
export { openMqttChannel } from './mqtt-channel';
export type { MqttChannelConfig, MqttTlsOptions } from './mqtt-config';
export type { ChannelState, EventChannel, Publisher, PublishOptions, StateListener } from './types';
