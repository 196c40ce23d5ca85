/** Node-RED's trays. */

/** Closes the tray; the focus, which Node-RED gives to the canvas afterwards, goes where `focus` says. */
export function closeTray(focus) {
  RED.tray.close(() => setTimeout(focus, 0));
}
