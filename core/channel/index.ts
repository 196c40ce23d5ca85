export { addressOf, checkedAddress, checkedFilter, filterMatches, topicSegment } from './address';
export { openAmqpChannel } from './amqp-channel';
export type { AmqpChannelConfig, AmqpTlsOptions, AmqpTopologyConfig } from './amqp-config';
export { checkTopology, type TopologyCheck } from './amqp-declare';
export { planTopology, type TopologyItem, type TopologySubscription } from './amqp-topology';
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
  newEventId,
  priorityOf,
  STRUCTURED_CONTENT_TYPE,
  sequenceText,
  validateEvent,
  type WrittenEvent,
  writeEvent,
  writeEventAround,
  writtenEvent,
} from './cloudevents';
export { type LocalChannelConfig, openLocalChannel } from './local-channel';
export { type ContentMode, fromMqtt, type MqttMessage, toMqtt, topicOf } from './mqtt-binding';
export { openMqttChannel } from './mqtt-channel';
export type { MqttChannelConfig, MqttTlsOptions } from './mqtt-config';
export { type Content, contentOf, incomingOf, type ReadOptions, rawContent } from './received';
export { type SubscriptionMemory, subscriptionMemory } from './subscription-memory';
export type {
  AnyChannel,
  ChannelState,
  EventChannel,
  LocalChannel,
  Publisher,
  PublishOptions,
  ReceivedMessage,
  StateListener,
  Subscription,
  SubscriptionRequest,
} from './types';
