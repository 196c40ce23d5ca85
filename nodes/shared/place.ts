/** Where on the canvas a message failed, in words for people. */
import type { DeadLetterSource } from '../../core/dead-letter';
import type { Message, Red, RedNode } from './red';

/** @param fallback the node to name when `nodeId` is not known or not there any more */
export function placeOf(red: Red, nodeId: string | undefined, fallback: RedNode): DeadLetterSource {
  const node = (nodeId === undefined ? undefined : red.nodes.getNode(nodeId)) ?? fallback;
  const flowId = node.z ?? fallback.z ?? '';
  return {
    flowId,
    flowName: labelOf(red, flowId),
    nodeId: node.id,
    nodeType: node.type,
    nodeName: node.name ?? '',
  };
}

/** The message's business key, as far as it is known: `order:shop-eu:1001`. */
export function businessKeyOf(message: Message): string | undefined {
  const key = message.crossdock?.key;
  return typeof key === 'string' ? key : undefined;
}

/** Labels of tabs, as they were when they were first asked for since `forgetLabels`. */
const labels = new WeakMap<Red['nodes'], Map<string, string>>();

export function labelOf(red: Red, flowId: string): string {
  const known = labels.get(red.nodes) ?? new Map<string, string>();
  labels.set(red.nodes, known);
  const label = known.get(flowId);
  if (label !== undefined) return label;
  let found = '';
  red.nodes.eachNode((node) => {
    if (node.id !== flowId) return;
    const text = node['label'] ?? node['name'];
    found = typeof text === 'string' ? text : '';
  });
  known.set(flowId, found);
  return found;
}

/** Nodes have started: a deploy may have given a tab another label. */
export function forgetLabels(red: Red): void {
  labels.delete(red.nodes);
}
