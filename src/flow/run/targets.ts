/** Sorted indexes of targets: when a run was last created on one, and which have an open incident. */
export const TARGETS_SEEN = "targets:seen";
export const TARGETS_ALERTING = "targets:alerting";
