/** Validators of the dialog that look at more than one setting. Each returns true or a sentence. */
import { sides } from './sources.mjs';

const catalogue = 'node-red-contrib-crossdock/crossdock-reconciler:reconciler.';

function reason(opt, key) {
  const sentence = RED._(`${catalogue}error.${key}`);
  return opt?.label ? `${opt.label}: ${sentence}` : sentence;
}

const editor = () => RED.plugins.getPlugin('crossdock-editor');
const typesOf = (node) => sides.map((side) => editor().valueOf(node, `${side}Type`));

/** Where a source is: a file and a channel have to be named, and a property of the message has to be one. */
export function checkPlace(node, side, v, opt) {
  const type = editor().valueOf(node, `${side}Type`);
  if (type === 'file' || type === 'published') return editor().check.required(v, opt);
  return type !== 'msg' || editor().check.property(v, opt);
}

export function checkServer(node, v, opt) {
  return !typesOf(node).includes('odoo') || editor().check.configNode(v, opt);
}

export function checkFields(node, v, opt) {
  if (typeof v === 'string')
    return editor().check.pattern(v, opt, /^\s*[^\s,]+(\s*,\s*[^\s,]+)*\s*$/, 'fields');
  const none = !Array.isArray(v) || v.length === 0;
  return !none || editor().valueOf(node, 'about') !== 'custom' || reason(opt, 'noFields');
}

/** Nobody sends a message at a time of day: neither a source nor the period may come with one. */
export function checkSchedule(node, v, opt) {
  if (v === undefined || v === 'off') return true;
  const asks = typesOf(node).includes('msg') || editor().valueOf(node, 'periodProperty');
  return !asks || reason(opt, 'noMessage');
}

export function checkClock(node, v, opt) {
  const asked = v !== undefined && editor().valueOf(node, 'schedule') === 'daily';
  return !asked || /^([01]?\d|2[0-3]):[0-5]\d$/.test(v) || reason(opt, 'clock');
}
