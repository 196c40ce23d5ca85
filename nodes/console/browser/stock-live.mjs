/** Stock has a topic of its own, so that other tabs need not follow each change of it. */

/** While `element` is in the page, what changes is asked for again. Returns what ends that. */
export function followStock(context, element) {
  const topic = `crossdock/console/${context.store.id}/stock`;
  const changed = () => {
    if (element.isConnected) context.live.changed();
  };
  RED.comms.subscribe(topic, changed);
  return () => RED.comms.unsubscribe(topic, changed);
}

/** A channel as the editor calls it. */
export function channelName({ id, name }) {
  if (name && name !== id) return name;
  const node = RED.nodes.node(id);
  return node ? RED.utils.getNodeLabel(node, id) : id;
}
